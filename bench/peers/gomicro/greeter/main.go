// The greeter as go-micro 1.18 has it, at a fixed port and in no registry.
package main

import (
	"context"
	"log"
	"os"

	"github.com/micro/go-micro"
	brokers "github.com/micro/go-micro/broker/memory"
	"github.com/micro/go-micro/registry/memory"
	"github.com/micro/go-micro/server"
	"github.com/micro/go-micro/service/grpc"

	"hal9000.invalid/gomicro/greeterpb"
)

type Greeter struct{}

func (Greeter) SayHello(_ context.Context, _ *greeterpb.SayRequest,
	reply *greeterpb.SayResp) error {
	reply.Rsp = "world"
	return nil
}

func main() {
	address := "127.0.0.1:" + os.Args[1]
	os.Args = os.Args[:1] // go-micro reads them, too
	service := grpc.NewService(micro.Name("hal9000-greeter"), micro.Registry(memory.NewRegistry()),
		micro.Broker(brokers.NewBroker()))
	service.Init()
	if err := service.Server().Init(server.Address(address)); err != nil {
		log.Fatal(err)
	}
	if err := micro.RegisterHandler(service.Server(), Greeter{}); err != nil {
		log.Fatal(err)
	}
	if err := service.Run(); err != nil {
		log.Fatal(err)
	}
}
