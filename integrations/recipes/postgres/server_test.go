package postgres_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// resource is the resource of a self-managed server, as in the file pam/settings. A token for it is
// valid for no other server.
const resource = "https://postgres.example.com"

// database is a PostgreSQL server that checks passwords with aztoken.
type database struct{ dsn string }

// startDatabase starts a PostgreSQL server over TLS whose users are in the script of the recipe.
// The machine's PAM stays unchanged: the server sees its own configuration in a mount namespace.
func startDatabase(t *testing.T, azure *imdstest.Server) database {
	t.Helper()
	pam, bin := pamScript(t), binaries(t)
	account, err := user.Lookup("postgres")
	if err != nil || os.Getuid() != 0 {
		testservice.Missing(t, "postgres", "a mount namespace and the account postgres need root and Debian's postgresql")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755)) // the postgres account must read it
	write := func(name, content string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), mode))
		return file
	}
	own := func(path string) {
		uid, err := strconv.Atoi(account.Uid)
		require.NoError(t, err)
		gid, err := strconv.Atoi(account.Gid)
		require.NoError(t, err)
		require.NoError(t, os.Chown(path, uid, gid))
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "aztoken"), "./cmd/aztoken")
	build.Dir = "../../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	keys := filepath.Join(dir, "keys")
	require.NoError(t, os.Mkdir(keys, 0o755))
	own(keys)
	recipe := func(name string, changes ...string) string { // changes adapts paths to this test
		content, err := os.ReadFile(filepath.Join("pam", name))
		require.NoError(t, err)
		for i := 0; i < len(changes); i += 2 {
			require.Contains(t, string(content), changes[i])
		}
		return strings.NewReplacer(changes...).Replace(string(content))
	}
	write("script/pam_script_auth", recipe("pam_script_auth"), 0o755)
	write("script/settings", recipe("settings", "/var/lib/postgresql/", keys+"/", "flags=", "flags='--authority "+azure.URL+"'"), 0o644)
	write("pam.d/postgresql-token", recipe("postgresql-token", "pam_script.so", pam, "/etc/aztoken/postgresql", filepath.Join(dir, "script")), 0o644)
	tls := recipetest.NewCertificate(t)
	chain, key := copyTo(t, tls.Chain, write), copyTo(t, tls.Key, write)
	own(chain)
	own(key)
	access := write("pg_hba.conf", "local all postgres trust\n"+recipe("pg_hba.conf"), 0o644)
	data := filepath.Join(dir, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	own(data)
	as := []string{"--reuid=postgres", "--regid=postgres", "--clear-groups", "--"}
	run := func(args ...string) {
		out, err := exec.Command("setpriv", append(as, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	run(filepath.Join(bin, "initdb"), "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8")

	host, port, err := net.SplitHostPort(testservice.FreeAddress(t))
	require.NoError(t, err)
	sockets := filepath.Join(data, "sockets")
	run("mkdir", sockets)
	server := exec.Command("unshare", append([]string{"--mount", "--", "sh", "-c", `mount --bind "$1" /etc/pam.d && shift && exec setpriv "$@"`,
		"sh", filepath.Join(dir, "pam.d")}, append(as,
		filepath.Join(bin, "postgres"), "-D", data, "-h", host, "-p", port, "-k", sockets, "-c", "hba_file="+access,
		"-c", "fsync=off", "-c", "ssl=on", "-c", "ssl_cert_file="+chain, "-c", "ssl_key_file="+key)...)...)
	server.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	testservice.Start(t, server, net.JoinHostPort(host, port))
	require.Eventually(t, func() bool { // it listens before recovery ends
		return exec.Command(filepath.Join(bin, "pg_isready"), "-h", sockets, "-p", port).Run() == nil
	}, time.Minute, 20*time.Millisecond)
	run(filepath.Join(bin, "psql"), "-q", "-h", sockets, "-p", port, "-c", "CREATE ROLE orders LOGIN", "-c", "CREATE ROLE billing LOGIN")
	return database{dsn: fmt.Sprintf("host=%s port=%s user=orders dbname=postgres sslmode=verify-full sslrootcert=%s", host, port, tls.Root)}
}

// copyTo copies a file into the server's directory.
func copyTo(t *testing.T, file string, write func(string, string, os.FileMode) string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return write(filepath.Base(file), string(content), 0o600)
}

// pamScript returns the module file of Debian's libpam-script, installed or only unpacked.
func pamScript(t *testing.T) string {
	t.Helper()
	places := []string{os.Getenv("AZTOKEN_PAM_SCRIPT")}
	for _, pattern := range []string{"/lib/*/security/pam_script.so", "/lib/security/pam_script.so"} {
		found, _ := filepath.Glob(pattern)
		places = append(places, found...)
	}
	for _, file := range places {
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	testservice.Missing(t, "postgres", "there is no pam_script.so: unpack Debian's libpam-script and name the file in AZTOKEN_PAM_SCRIPT")
	return ""
}

// binaries returns the program directory of the newest PostgreSQL.
func binaries(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		testservice.Missing(t, "postgres", "there is no PostgreSQL server on this machine")
	}
	return filepath.Dir(found[len(found)-1])
}
