package machine

import (
	"syscall"
	"unsafe"
)

// This returns the Binding of this machine.
func This() Binding {
	guid, err := machineGUID()
	if err != nil {
		return Binding{Source: "MachineGuid: " + err.Error()}
	}
	return windowsBinding(guid)
}

// machineGUID reads the id that Windows makes when it is installed, or prepared by sysprep.
func machineGUID() (string, error) {
	path, err := syscall.UTF16PtrFromString(`SOFTWARE\Microsoft\Cryptography`)
	if err != nil {
		return "", err
	}
	name, err := syscall.UTF16PtrFromString("MachineGuid")
	if err != nil {
		return "", err
	}
	var key syscall.Handle
	// Otherwise a 32-bit program would see a separate registry.
	err = syscall.RegOpenKeyEx(syscall.HKEY_LOCAL_MACHINE, path, 0, syscall.KEY_QUERY_VALUE|syscall.KEY_WOW64_64KEY, &key)
	if err != nil {
		return "", err
	}
	defer func() { _ = syscall.RegCloseKey(key) }()
	var value [128]uint16
	size, kind := uint32(unsafe.Sizeof(value)), uint32(0)
	if err := syscall.RegQueryValueEx(key, name, nil, &kind, (*byte)(unsafe.Pointer(&value[0])), &size); err != nil {
		return "", err
	}
	return syscall.UTF16ToString(value[:]), nil
}
