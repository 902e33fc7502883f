// Calls a greeter through go-micro 1.18's client and the registry that MICRO_REGISTRY names. Writes
// a line of JSON for each call; with -calls=0 it calls until SIGTERM, and writes one for all.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/micro/go-micro"
	"github.com/micro/go-micro/client"
	"github.com/micro/go-micro/codec/bytes"
	"github.com/micro/go-micro/errors"
	"github.com/micro/go-micro/metadata"
	"github.com/micro/go-micro/service/grpc"
	_ "github.com/micro/go-plugins/registry/kubernetes"

	"hal9000.invalid/gomicro/greeterpb"
)

// The registry's watch leaves out what happens in its first second. It begins behind the first
// call, after as long as an API server takes that has other things to do.
const watchIsBlind = 15 * time.Second

type outcome struct {
	Rsp   string        `json:"rsp,omitempty"`
	Error *errors.Error `json:"error,omitempty"`
}

type summary struct {
	Calls  int             `json:"calls"`
	Failed []*errors.Error `json:"failed"`
}

type pairs map[string]string

func (p pairs) String() string { return "" }
func (p pairs) Set(text string) error {
	parts := strings.SplitN(text, "=", 2)
	if len(parts) != 2 {
		return fmt.Errorf("a header is name=value")
	}
	p[parts[0]] = parts[1]
	return nil
}

func say(what interface{}) {
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}

func main() {
	headers := pairs{}
	service := flag.String("service", "hal9000-greeter", "its name in the registry")
	endpoint := flag.String("endpoint", "Greeter.SayHello", "what is called")
	msg := flag.String("msg", "x", "the message")
	raw := flag.String("hex", "", "the bytes of another message instead")
	asJSON := flag.Bool("json", false, "messages as JSON, application/grpc+json")
	calls := flag.Int("calls", 1, "how many, one after the other; 0: until SIGTERM")
	timeout := flag.Duration("timeout", 0, "of each call, its retries included; 0: go-micro's")
	flag.Var(headers, "header", "name=value, sent as metadata")
	flag.Parse()
	os.Args = os.Args[:1] // go-micro reads them, too

	program := grpc.NewService(micro.Name("go.caller"))
	program.Init()
	frame, err := hex.DecodeString(*raw)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}

	call := func() outcome {
		ctx := metadata.NewContext(context.Background(), metadata.Metadata(headers))
		if *timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, *timeout)
			defer cancel()
		}
		var message, reply interface{} = &greeterpb.SayRequest{Msg: *msg}, &greeterpb.SayResp{}
		if len(frame) > 0 {
			message, reply = &bytes.Frame{Data: frame}, &bytes.Frame{}
		}
		written := []client.RequestOption{}
		if *asJSON {
			written = append(written, client.WithContentType("application/grpc+json"))
		}
		request := program.Client().NewRequest(*service, *endpoint, message, written...)
		if err := program.Client().Call(ctx, request, reply); err != nil {
			return outcome{Error: errors.Parse(err.Error())}
		}
		if said, ok := reply.(*greeterpb.SayResp); ok {
			return outcome{Rsp: said.Rsp}
		}
		return outcome{}
	}
	if *calls > 0 {
		for i := 0; i < *calls; i++ {
			say(call())
		}
		return
	}
	untilTerminated(call)
}

func untilTerminated(call func() outcome) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	all := summary{Failed: []*errors.Error{}}
	began, told := time.Now(), false
	for {
		select {
		case <-terminated:
			say(all)
			return
		default:
		}
		all.Calls++
		if failed := call().Error; failed != nil {
			all.Failed = append(all.Failed, failed)
		}
		if all.Calls == 1 {
			began = time.Now()
		}
		if !told && time.Since(began) > watchIsBlind {
			fmt.Println(`{"event":"watching"}`)
			told = true
		}
	}
}
