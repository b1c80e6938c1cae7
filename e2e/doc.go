// Package e2e holds the end-to-end tests: the gateway in front of the demo's seven services, over real sockets. Most of them are files
// in testdata, one case each; see case_test.go for what such a file can say.
package e2e
