package storage

import (
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"github.com/seed-ac726066/aztoken"
)

// The code that the README shows. It is compiled but never runs.
var _ = func(client *aztoken.Client, url string) {
	blobs, err := azblob.NewClient(url, client, nil)
	_, _ = blobs, err
}
