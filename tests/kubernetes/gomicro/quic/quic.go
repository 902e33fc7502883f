// Package quic has the names that go-micro's QUIC transport uses of lucas-clemente/quic-go, whose
// releases of that time refuse today's Go. Nobody here speaks QUIC: Dial and Listen fail.
package quic

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

var errNone = errors.New("this program is built without QUIC")

type Config struct {
	IdleTimeout time.Duration
	KeepAlive   bool
}

type Stream interface {
	io.ReadWriteCloser
	SetWriteDeadline(time.Time) error
}

type Session interface {
	io.Closer
	AcceptStream(context.Context) (Stream, error)
	OpenStreamSync(context.Context) (Stream, error)
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
}

type Listener interface {
	io.Closer
	Accept(context.Context) (Session, error)
	Addr() net.Addr
}

func DialAddr(string, *tls.Config, *Config) (Session, error) { return nil, errNone }

func ListenAddr(string, *tls.Config, *Config) (Listener, error) { return nil, errNone }
