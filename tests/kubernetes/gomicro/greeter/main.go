// A greeter on go-micro 1.18: gRPC, and the registry that MICRO_REGISTRY names. Writes a line of
// JSON for each request that comes, and one when it is registered.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/micro/go-micro"
	microerrors "github.com/micro/go-micro/errors"
	"github.com/micro/go-micro/metadata"
	"github.com/micro/go-micro/service/grpc"
	_ "github.com/micro/go-plugins/registry/kubernetes"

	"hal9000.invalid/gomicro/greeterpb"
)

type event struct {
	Event    string            `json:"event"`
	Msg      string            `json:"msg,omitempty"`
	LeftMs   int64             `json:"left_ms,omitempty"` // until the deadline
	Metadata map[string]string `json:"metadata,omitempty"`
}

func say(what event) {
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}

type Greeter struct{}

// SayHello answers "world", or fails as the message says.
func (Greeter) SayHello(ctx context.Context, request *greeterpb.SayRequest,
	reply *greeterpb.SayResp) error {
	headers, _ := metadata.FromContext(ctx)
	seen := event{Event: "request", Msg: request.Msg, Metadata: headers}
	if deadline, ok := ctx.Deadline(); ok {
		seen.LeftMs = time.Until(deadline).Milliseconds()
	}
	say(seen)
	words := strings.SplitN(request.Msg, " ", 3)
	switch words[0] {
	case "error": // error 404 no such thing
		code, _ := strconv.Atoi(words[1])
		return microerrors.New("go.greeter", words[2], int32(code))
	case "plain":
		return errors.New("a plain error")
	case "panic":
		panic("as was asked for")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	}
	reply.Rsp = "world"
	return nil
}

func main() {
	service := grpc.NewService(micro.AfterStart(func() error {
		say(event{Event: "registered"})
		return nil
	}))
	service.Init()
	if err := micro.RegisterHandler(service.Server(), Greeter{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := service.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
