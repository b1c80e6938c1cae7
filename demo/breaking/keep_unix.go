//go:build unix

package breaking

import (
	"net"
	"syscall"
)

// keepPort keeps a port from being given to somebody else while nobody listens on it: connections are refused. It gives what lets go of it.
func keepPort(addr *net.TCPAddr) (release func()) {
	ip := addr.IP.To4()
	if ip == nil {
		return func() {} // the demo's addresses are IPv4
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return func() {}
	}
	syscall.CloseOnExec(fd)
	// Both fail where the port has been taken already: then it is not held, which is no worse than before.
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	_ = syscall.Bind(fd, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(ip)})
	return func() { _ = syscall.Close(fd) }
}
