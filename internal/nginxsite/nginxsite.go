// Package nginxsite runs nginx with one file of /etc/nginx/conf.d, in a directory of its own and
// without root's rights.
package nginxsite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// frame is what stands around the file, with the level of the log and the name of the file to be
// filled in.
const frame = `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr %s;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include %s;
}
`

// Command writes nginx.conf into dir, and returns the command that serves the file of dir by it.
// Its log, from logLevel on, goes to stderr.
func Command(dir, file, logLevel string) (*exec.Cmd, error) {
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, frame, logLevel, file), 0o644); err != nil {
		return nil, err
	}
	return exec.Command("nginx", "-e", "stderr", "-p", dir, "-c", config), nil
}
