#include <hal/net/tls_core.hpp>

#include <hal/base/contract.hpp>

namespace hal::net {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024 + 512;  // one record with its overhead, or more
/// Encrypted at a time: four records.
constexpr std::size_t kPieceBytes = 64 * 1024;
/// Answers to key updates that the peer asks for and does not read.
constexpr std::size_t kUnaskedBytesMax = 64 * 1024;

Status closed_here() { return {Code::kCancelled, "the connection was closed by this side"}; }

}  // namespace

Status TlsStream::Core::failure(std::string_view why) const {
  return {Code::kUnavailable, fmt::format("{}: TLS: {}", who_, why)};
}

Status TlsStream::Core::cancelled() const {
  return closed_ ? closed_here() : Status{Code::kCancelled, "the operation was cancelled"};
}

std::optional<Result<std::size_t>> TlsStream::Core::start_read(IoOp& op, std::span<char> buffer) {
  expects(reader_ == nullptr, "one read at a time");
  expects(!buffer.empty(), "a read has room for a byte");
  if (closed_) return error(closed_here());
  buffer_ = buffer;
  read_cancelled_ = false;
  auto result = read_more();
  if (!result) reader_ = &op;
  return result;
}

/// Nothing when the inner stream is being read.
std::optional<Result<std::size_t>> TlsStream::Core::read_more() {
  for (;;) {
    if (!failure_.ok()) return error(failure_);
    ERR_clear_error();
    std::size_t size = 0;
    const int done = SSL_read_ex(ssl(), buffer_.data(), buffer_.size(), &size);
    const int outcome = SSL_get_error(ssl(), done);
    if (done != 1 && outcome != SSL_ERROR_WANT_READ && outcome != SSL_ERROR_ZERO_RETURN) {
      failure_ = failure(session_->reason());
    }
    // OpenSSL may have something to say: an alert, or a new key.
    if (session_->out_bytes() > 0 && !inner_writes_ && write_failure_.ok()) (void)write_more();
    if (session_->out_bytes() > kUnaskedBytesMax) {
      failure_ = failure("the peer asks for answers that it does not read");
    }
    if (done == 1) return size;
    if (outcome == SSL_ERROR_ZERO_RETURN) return 0;
    if (!failure_.ok()) continue;
    if (read_cancelled_ || closed_) return error(cancelled());
    if (!incoming_) incoming_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
    const auto read = inner_->start_read(reading_, {incoming_.get(), kReadBytes});
    if (!read) return std::nullopt;
    if (Status failed = take_in(*read); !failed.ok()) return error(std::move(failed));
  }
}

Status TlsStream::Core::take_in(const Result<std::size_t>& size) {
  if (!size) return size.error();
  if (*size == 0) return failure("the connection was cut: it ended without close_notify");
  session_->put_in({incoming_.get(), *size});
  return {};
}

void TlsStream::Core::on_read(Result<std::size_t> size) noexcept {
  std::optional<Result<std::size_t>> result;
  if (Status failed = take_in(size); !failed.ok()) {
    result = error(std::move(failed));
  } else {
    result = read_more();
  }
  if (result) std::exchange(reader_, nullptr)->on_complete(std::move(*result));  // may delete this
}

std::optional<Result<std::size_t>> TlsStream::Core::start_write(IoOp& op, std::string_view data) {
  expects(writer_ == nullptr, "one write at a time");
  if (closed_) return error(closed_here());
  if (ended_) return error(Code::kCancelled, "writing was ended by this side");
  if (!failure_.ok()) return error(failure_);
  if (!write_failure_.ok()) return error(write_failure_);
  plain_ = data;
  total_ = data.size();
  write_cancelled_ = false;
  std::optional<Result<std::size_t>> result;
  if (!inner_writes_) result = write_more();
  if (!result) writer_ = &op;
  return result;
}

/// Nothing when the inner stream is writing.
std::optional<Result<std::size_t>> TlsStream::Core::write_more() {
  for (;;) {
    sending_.clear();
    session_->take_out(sending_);
    if (sending_.empty() && !plain_.empty()) {
      if (write_failure_ = encrypt(); !write_failure_.ok()) return error(write_failure_);
      continue;
    }
    if (sending_.empty() && ended_ && !std::exchange(notified_, true)) {
      ERR_clear_error();
      (void)SSL_shutdown(ssl());
      continue;
    }
    if (sending_.empty()) {
      if (sending_.capacity() > kPieceBytes) sending_ = {};
      if (ended_) inner_->shutdown_write();
      return total_;
    }
    auto written = inner_->start_write(writing_, sending_);
    if (!written) {
      inner_writes_ = true;
      return std::nullopt;
    }
    if (!*written) {
      write_failure_ = written->error();
      return error(write_failure_);
    }
  }
}

Status TlsStream::Core::encrypt() {
  if (!failure_.ok()) return failure_;
  ERR_clear_error();
  std::size_t size = 0;
  if (SSL_write_ex(ssl(), plain_.data(), std::min(plain_.size(), kPieceBytes), &size) != 1) {
    return failure(session_->reason());
  }
  plain_.remove_prefix(size);
  return {};
}

void TlsStream::Core::on_written(Result<std::size_t> result) noexcept {
  inner_writes_ = false;
  if (orphan_) {
    delete this;
    return;
  }
  std::optional<Result<std::size_t>> outcome;
  if (!result) {
    write_failure_ = result.error();
    outcome = std::move(result);
  } else if (write_cancelled_ || closed_) {
    // Some of the data has gone and the rest will not: nothing may follow it.
    write_failure_ = cancelled();
    outcome = error(write_failure_);
  } else {
    outcome = write_more();
  }
  if (!outcome) return;
  plain_ = {};
  IoOp* const op = std::exchange(writer_, nullptr);
  if (op != nullptr) op->on_complete(std::move(*outcome));  // may delete this
}

void TlsStream::Core::cancel_read() noexcept {
  if (reader_ == nullptr) return;
  read_cancelled_ = true;
  inner_->cancel_read();
}

void TlsStream::Core::cancel_write() noexcept {
  if (writer_ == nullptr) return;
  write_cancelled_ = true;
  inner_->cancel_write();
}

void TlsStream::Core::shutdown_write() noexcept {
  if (closed_ || std::exchange(ended_, true)) return;
  if (!failure_.ok() || !write_failure_.ok()) return inner_->shutdown_write();
  if (!inner_writes_) (void)write_more();
}

void TlsStream::Core::close() noexcept {
  if (closed_) return;
  if (!inner_writes_) shutdown_write();
  closed_ = true;
  inner_->close();
}

void TlsStream::Core::abort() noexcept {
  if (closed_) return;
  closed_ = true;
  inner_->abort();
}

void TlsStream::Core::orphan() noexcept {
  expects(reader_ == nullptr && writer_ == nullptr,
          "a stream is destroyed after its operations have completed");
  close();
  orphan_ = true;
  if (!inner_writes_) delete this;
}

TlsStream::~TlsStream() { core_->orphan(); }
std::optional<Result<std::size_t>> TlsStream::start_read(IoOp& op, std::span<char> buffer) {
  return core_->start_read(op, buffer);
}
std::optional<Result<std::size_t>> TlsStream::start_write(IoOp& op, std::string_view data) {
  return core_->start_write(op, data);
}
void TlsStream::cancel_read() noexcept { core_->cancel_read(); }
void TlsStream::cancel_write() noexcept { core_->cancel_write(); }
void TlsStream::shutdown_write() noexcept { core_->shutdown_write(); }
void TlsStream::close() noexcept { core_->close(); }
void TlsStream::abort() noexcept { core_->abort(); }
Endpoint TlsStream::peer() const { return core_->inner().peer(); }
Endpoint TlsStream::local() const { return core_->inner().local(); }

std::string TlsStream::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(core_->ssl(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TlsVersion TlsStream::version() const {
  return SSL_version(core_->ssl()) == TLS1_3_VERSION ? TlsVersion::k13 : TlsVersion::k12;
}

std::vector<std::string> TlsStream::peer_names() const {
  constexpr std::size_t kNamesMax = 64;
  return detail::alternative_names(SSL_get0_peer_certificate(core_->ssl()), kNamesMax);
}

}  // namespace hal::net
