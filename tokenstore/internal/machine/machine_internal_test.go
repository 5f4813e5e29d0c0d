package machine

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const testMachineID = "b7f1ad9a2a7d4a53b1cf0c9b0f5b7d11"

// root returns a root directory with these files, by pairs of path and content.
func root(pairs ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return files
}

func TestLinuxBinding(t *testing.T) {
	t.Parallel()
	const (
		machineIDFile, productFile, instanceFile = "etc/machine-id", "sys/class/dmi/id/product_uuid", "var/lib/cloud/data/instance-id"
	)
	for name, test := range map[string]struct {
		root   fstest.MapFS
		bound  bool
		source string
	}{
		"a VM, for root": {
			root(machineIDFile, testMachineID+"\n", productFile, "P\n", instanceFile, "i-1\n"),
			true, "/etc/machine-id and /sys/class/dmi/id/product_uuid",
		},
		"a VM, for another user": {
			root(machineIDFile, testMachineID+"\n", instanceFile, "i-1\n"),
			true, "/etc/machine-id and /var/lib/cloud/data/instance-id",
		},
		"a machine without a hypervisor": {root(machineIDFile, testMachineID+"\n"), true, "/etc/machine-id"},
		"a minimal image":                {root(productFile, "P\n"), false, "there is no /etc/machine-id"},
		"an image that was emptied":      {root(machineIDFile, "\n"), false, "there is no /etc/machine-id"},
		"an image before its first boot": {root(machineIDFile, "uninitialized\n"), false, "there is no /etc/machine-id"},
		"Docker":                         {root(machineIDFile, testMachineID, ".dockerenv", ""), false, "this is a container (/.dockerenv)"},
		"Podman":                         {root(machineIDFile, testMachineID, "run/.containerenv", ""), false, "this is a container (/run/.containerenv)"},
		"a pod":                          {root(machineIDFile, testMachineID, "var/run/secrets/kubernetes.io/serviceaccount/token", ""), false, "this is a container (/var/run/secrets/kubernetes.io)"},
		"a pod without a service account": {
			root(machineIDFile, testMachineID, "proc/self/mounts", "overlay / overlay rw,relatime 0 0\nproc /proc proc rw 0 0\n"),
			false, "this is a container (/ is an overlay)",
		},
		"a VM that runs containers": {
			root(machineIDFile, testMachineID, "proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\noverlay /var/lib/docker/overlay2/1/merged overlay rw 0 0\n"),
			true, "/etc/machine-id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := linuxBinding(test.root)
			require.Equal(t, test.bound, m.Bound())
			require.Equal(t, test.source, m.Source)
			require.NotContains(t, m.Source+m.ID, testMachineID)
		})
	}
	t.Run("a clone is another machine", func(t *testing.T) {
		clone := linuxBinding(root(machineIDFile, testMachineID, instanceFile, "i-2"))
		require.NotEqual(t, linuxBinding(root(machineIDFile, testMachineID, instanceFile, "i-1")), clone)
		require.NotEqual(t, linuxBinding(root(machineIDFile, testMachineID)), clone)
	})
	t.Run("a reboot, and another spelling, are not", func(t *testing.T) {
		require.Equal(t,
			linuxBinding(root(machineIDFile, testMachineID, productFile, "AB-1\n")),
			linuxBinding(root(machineIDFile, testMachineID+"\n", productFile, "ab-1\n")))
	})
}

func TestDarwinBinding(t *testing.T) {
	t.Parallel()
	const ioreg = `+-o Root  <class IORegistryEntry, id 0x100000100>
  +-o J314sAP  <class IOPlatformExpertDevice, id 0x10000023a>
      {
        "IOPlatformSerialNumber" = "C02ABCDEFGHJ"
        "IOPlatformUUID" = "0C5E1D0B-0B7B-5B7E-9C1F-4E2B6C0A7D11"
        "model" = <"MacBookPro18,3">
      }
`
	m := darwinBinding(ioreg)
	require.True(t, m.Bound())
	require.Equal(t, Bind(Value{"IOPlatformUUID", "0C5E1D0B-0B7B-5B7E-9C1F-4E2B6C0A7D11"}), m)
	require.False(t, darwinBinding("").Bound())
	require.False(t, darwinBinding(strings.ReplaceAll(ioreg, "0C5E1D0B-0B7B-5B7E-9C1F-4E2B6C0A7D11", "")).Bound())
}

func TestWindowsBinding(t *testing.T) {
	t.Parallel()
	require.True(t, windowsBinding("9f0c1c6a-2f5c-4b9f-9c7f-2c4f3b2f7a10").Bound())
	require.False(t, windowsBinding("").Bound())
}

func TestThis(t *testing.T) {
	t.Parallel()
	m := This()
	require.NotEmpty(t, m.Source) // bound or not, doctor has something to print
	require.Equal(t, m, This())
}
