package pipe_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/pipe"
)

func TestBothSchemesReachTheHandlerAndTimePassesMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := certificate.New().TLSConfig()
		client := &http.Client{Transport: pipe.Transport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			if r.TLS != nil {
				_, _ = io.WriteString(w, "secure ")
			}
			_, _ = io.WriteString(w, r.Host)
		}), config)}
		for address, want := range map[string]string{"http://imds.test/": "imds.test", "https://imds.test/": "secure imds.test"} {
			start := time.Now()
			resp, err := client.Get(address)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, want, string(body))
			require.Equal(t, time.Hour, time.Since(start))
		}
	})
}

func TestARefusedCertificateEndsTheHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := pipe.Transport(t, http.NotFoundHandler(), certificate.New().TLSConfig())
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		resp, err := (&http.Client{Transport: transport}).Get("https://imds.test/")
		if err == nil {
			_ = resp.Body.Close()
		}
		require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
	})
}
