// Package messaging is the format of end-to-end encrypted messages and the frames in which clients and providers
// exchange them. It is pure: no network, no disk, no clock.
package messaging
