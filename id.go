package aztoken

// ID names one of the managed identities of a host: a [ClientID], an [ObjectID] or a [ResourceID].
type ID interface {
	String() string
	sealed()
}

// ClientID is the client id (application id) of a user-assigned managed identity, a GUID.
type ClientID string

// ObjectID is the object id (principal id) of a managed identity's service principal, a GUID.
type ObjectID string

// ResourceID is the Azure resource id of a user-assigned managed identity:
// /subscriptions/…/resourceGroups/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/….
type ResourceID string

func (i ClientID) String() string   { return string(i) }
func (i ObjectID) String() string   { return string(i) }
func (i ResourceID) String() string { return string(i) }

func (ClientID) sealed()   {}
func (ObjectID) sealed()   {}
func (ResourceID) sealed() {}
