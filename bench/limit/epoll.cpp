// What the kernel alone costs: epoll loops that parse nothing.
//
//   bench-epoll http PORT            one fixed HTTP/1.1 answer for each read
//   bench-epoll front PORT BACKEND   the same, each after a frame to the process at BACKEND and
//   back bench-epoll back PORT            that process
//
// All listen on 127.0.0.1. An error of the system ends the process: it is a benchmark's.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\n"
    "content-type: application/json\r\n"
    "date: Wed, 25 Nov 2026 12:00:00 GMT\r\n"
    "Content-Length: 33\r\n"
    "\r\n"
    "{\"status\":\"OK\",\"message\":\"world\"}";

/// Between the two processes: as long as a small gRPC message with its headers compressed.
struct Frame {
  std::int32_t client;
  std::array<char, 60> padding;
};

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int tcp_socket() { return checked(::socket(AF_INET, SOCK_STREAM, 0), "socket"); }

void no_delay(int socket) {
  const int on = 1;
  checked(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

int listen_at(std::uint16_t port) {
  const int socket = tcp_socket();
  const int on = 1;
  checked(::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
  const auto address = loopback(port);
  checked(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  checked(::listen(socket, SOMAXCONN), "listen");
  return socket;
}

int connect_to(std::uint16_t port) {
  const int socket = tcp_socket();
  const auto address = loopback(port);
  checked(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address),
          "connect");
  no_delay(socket);
  return socket;
}

/// Answers are small and clients read them: one write takes all of it, or the client has gone.
void send_all(int socket, std::span<const char> bytes) {
  if (!bytes.empty()) (void)::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

/// Frames of one connection: those that came whole, and the beginning of the next.
class FrameReader {
 public:
  /// False at the end of the connection.
  bool read(int socket) {
    const auto count = ::recv(socket, bytes_.data() + size_, bytes_.size() - size_, 0);
    if (count <= 0) return false;
    size_ += static_cast<std::size_t>(count);
    return true;
  }

  [[nodiscard]] std::span<const char> whole() const {
    return {bytes_.data(), size_ - size_ % sizeof(Frame)};
  }

  void drop_whole() {
    const auto used = whole().size();
    std::memmove(bytes_.data(), bytes_.data() + used, size_ - used);
    size_ -= used;
  }

 private:
  std::array<char, 1024 * sizeof(Frame)> bytes_;
  std::size_t size_ = 0;
};

class Server {
 public:
  enum class Kind : std::uint8_t { kHttp, kFront, kBack };

  Server(Kind kind, std::uint16_t port, std::uint16_t backend_port)
      : kind_{kind},
        epoll_{checked(::epoll_create1(0), "epoll_create1")},
        listener_{listen_at(port)} {
    watch(listener_);
    if (kind_ == Kind::kFront) watch(backend_ = connect_to(backend_port));
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), int{events.size()}, -1);
      if (count < 0 && errno != EINTR) checked(count, "epoll_wait");
      for (int i = 0; i < count; ++i) on_readable(events[static_cast<std::size_t>(i)].data.fd);
      // The frames of one turn share a write, as HTTP/2 connections have it.
      send_all(backend_, to_backend_);
      to_backend_.clear();
    }
  }

 private:
  void watch(int socket) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
  }

  void on_readable(int socket) {
    if (socket == listener_) {
      const int client = checked(::accept(listener_, nullptr, nullptr), "accept");
      no_delay(client);
      watch(client);
    } else if (socket == backend_) {
      on_backend();
    } else if (!serve(socket)) {
      ::close(socket);
    }
  }

  bool serve(int client) {
    if (kind_ == Kind::kBack) {
      if (!frames_.read(client)) return false;
      send_all(client, frames_.whole());
      frames_.drop_whole();
      return true;
    }
    std::array<char, 4096> request;
    if (::recv(client, request.data(), request.size(), 0) <= 0) return false;
    if (kind_ == Kind::kHttp) {
      send_all(client, kAnswer);
    } else {
      const Frame frame{.client = client, .padding = {}};
      to_backend_.append(reinterpret_cast<const char*>(&frame), sizeof frame);
    }
    return true;
  }

  void on_backend() {
    if (!frames_.read(backend_)) throw std::runtime_error{"the process behind has ended"};
    for (auto rest = frames_.whole(); !rest.empty(); rest = rest.subspan(sizeof(Frame))) {
      Frame frame;
      std::memcpy(&frame, rest.data(), sizeof frame);
      send_all(frame.client, kAnswer);
    }
    frames_.drop_whole();
  }

  Kind kind_;
  int epoll_;
  int listener_;
  int backend_ = -1;
  FrameReader frames_;  // kBack serves one connection only
  std::string to_backend_;
};

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
  if (error != std::errc{} || end != text.end()) throw std::runtime_error{"a port is no number"};
  return port;
}

int usage() {
  fmt::print(stderr, "usage: bench-epoll http PORT | front PORT BACKEND | back PORT\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  if (argc < 3) return usage();
  const std::string_view mode = arguments[1];
  if (argc != (mode == "front" ? 4 : 3)) return usage();
  using enum Server::Kind;
  const auto kind = mode == "http" ? kHttp : mode == "front" ? kFront : kBack;
  if (kind == kBack && mode != "back") return usage();
  try {
    Server{kind, port_of(arguments[2]), argc == 4 ? port_of(arguments[3]) : std::uint16_t{0}}.run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-epoll: {}\n", error.what());
    return 1;
  }
}
