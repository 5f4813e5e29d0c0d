// Package nginxsite runs nginx without root, in a separate directory, with a single file such as
// those in /etc/nginx/conf.d.
package nginxsite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// frame is the nginx.conf that includes the file. Its verbs are the log level and the file's name.
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

// Command writes nginx.conf into dir and returns the command that runs nginx with it and with the
// given file in dir. Log entries of logLevel and above go to stderr.
func Command(dir, file, logLevel string) (*exec.Cmd, error) {
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, frame, logLevel, file), 0o644); err != nil {
		return nil, err
	}
	return exec.Command("nginx", "-e", "stderr", "-p", dir, "-c", config), nil
}
