package aztoken

// module and version are the name in the User-Agent of requests to identity endpoints.
const (
	module  = "aztoken"
	version = "v0.1.0"
)
