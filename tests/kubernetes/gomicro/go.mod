// Programs on go-micro 1.18: those of the tests here and of bench/peers/gomicro. `build` puts copies
// of go-micro, go-plugins and our quic package beside a copy of this module.
module hal9000.invalid/gomicro

go 1.13

// What go-micro 1.18 was released with, as far as these programs link it.
require (
	github.com/coreos/etcd v3.3.17+incompatible
	github.com/coreos/go-systemd v0.0.0-20190719114852-fd7a80b32e1f
	github.com/coreos/pkg v0.0.0-20180928190104-399ea9e2e55f
	github.com/go-log/log v0.1.0
	github.com/gogo/protobuf v1.2.2-0.20190723190241-65acae22fc9d
	github.com/golang/protobuf v1.3.2
	github.com/google/uuid v1.1.1
	github.com/json-iterator/go v1.1.8
	github.com/lucas-clemente/quic-go v0.13.1
	github.com/micro/cli v0.2.0
	github.com/micro/go-micro v1.18.0
	github.com/micro/go-plugins v1.5.1
	github.com/micro/mdns v0.3.0
	github.com/miekg/dns v1.1.22
	github.com/mitchellh/hashstructure v1.0.0
	github.com/nats-io/nats.go v1.9.1
	github.com/oxtoacart/bpool v0.0.0-20190530202638-03653db5a59c
	github.com/pkg/errors v0.8.1
	go.uber.org/zap v1.12.0
	golang.org/x/crypto v0.0.0-20191108234033-bd318be0434a
	golang.org/x/net v0.0.0-20191109021931-daa7c04131f5
	golang.org/x/sys v0.0.0-20191110163157-d32e6e3b99c4
	golang.org/x/text v0.3.2
	google.golang.org/genproto v0.0.0-20191108220845-16a3f7862a1a
	google.golang.org/grpc v1.25.1
)

replace (
	github.com/lucas-clemente/quic-go => ../quic
	github.com/micro/go-micro => ../go-micro
	github.com/micro/go-plugins => ../go-plugins
)
