package peers

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// AWS returns the credentials cache of aws-sdk-go-v2 with its default options over a source of
// Azure's tokens: no early refresh, and no outage cover, which there depends on the source.
func AWS() Library {
	return Library{Name: "aws CredentialsCache", New: func(e Endpoint) (Client, error) {
		return awsClient{aws.NewCredentialsCache(awsSource{newSource(e)}), closed{}}, nil
	}}
}

// AWSRole returns the same cache over the SDK's own source on a virtual machine, which has outage
// cover. The tokens come as EC2 would give them: see [EC2Metadata].
func AWSRole() Library {
	return Library{Name: "aws ec2rolecreds", New: func(e Endpoint) (Client, error) {
		provider := ec2rolecreds.New(func(o *ec2rolecreds.Options) {
			o.Client = imds.New(imds.Options{
				HTTPClient: &http.Client{Transport: &EC2Metadata{e}},
				// Enabled whatever the environment says.
				Endpoint: "http://169.254.169.254", ClientEnableState: imds.ClientEnabled,
			})
		})
		return awsClient{aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = 5 * time.Minute // as config.LoadDefaultConfig has it
		}), closed{}}, nil
	}}
}

type awsSource struct{ *source }

func (s awsSource) Retrieve(ctx context.Context) (aws.Credentials, error) {
	value, expires, err := s.get(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	return aws.Credentials{
		// Without these the cache does not treat it as a credential.
		AccessKeyID: "azure", SecretAccessKey: "azure",
		SessionToken: value, CanExpire: true, Expires: expires,
	}, nil
}

type awsClient struct {
	cache *aws.CredentialsCache
	closed
}

func (c awsClient) Token(ctx context.Context) (string, time.Time, error) {
	v, err := c.cache.Retrieve(ctx)
	return v.SessionToken, v.Expires, err
}
