// The HTTP edge as gin has it, which calls a greeter by go-micro 1.18's gRPC client and the static
// selector of go-plugins: the service's name is a host, its port an environment variable.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"github.com/micro/go-micro/client"
	"github.com/micro/go-micro/client/grpc"
	"github.com/micro/go-micro/registry/memory"
	"github.com/micro/go-plugins/client/selector/static"

	"hal9000.invalid/gomicro/greeterpb"
)

const greeterHost = "127.0.0.1"

type greeting struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func versions() string {
	micro := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/micro/go-micro" {
				micro = module.Version
			}
		}
	}
	return fmt.Sprintf("go-micro %s, gin %s, %s", micro, gin.Version, runtime.Version())
}

func main() {
	if os.Args[1] == "version" {
		fmt.Println(versions())
		return
	}
	greeter := grpc.NewClient(client.Registry(memory.NewRegistry()),
		client.Selector(static.NewSelector()))
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery())
	router.GET("/api/v1/hello/:id", func(c *gin.Context) {
		var reply greeterpb.SayResp
		request := greeter.NewRequest(greeterHost, "Greeter.SayHello",
			&greeterpb.SayRequest{Msg: c.Param("id")})
		if err := greeter.Call(c.Request.Context(), request, &reply); err != nil {
			c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
			return
		}
		c.JSON(http.StatusOK, greeting{Status: "OK", Message: reply.Rsp})
	})
	log.Fatal(router.Run("127.0.0.1:" + os.Args[1]))
}
