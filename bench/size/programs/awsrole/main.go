// Awsrole gets credentials on EC2 as the SDK for AWS does, and keeps them.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
)

func main() {
	credentials, err := aws.NewCredentialsCache(ec2rolecreds.New()).Retrieve(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(credentials.SessionToken))
}
