// TlsStream's state: plain bytes on one side, the inner stream on the other. Internal.
#pragma once

#include <hal/net/tls_impl.hpp>

#include <utility>

namespace hal::net {

/// An inner read runs only while the user's does. An inner write may run without one: what
/// OpenSSL answers to the peer by itself, and close_notify. So the Core outlives its TlsStream
/// until that write has completed.
class TlsStream::Core {
 public:
  Core(std::unique_ptr<Stream> inner, std::unique_ptr<detail::TlsSession> session, std::string who)
      : inner_{std::move(inner)}, session_{std::move(session)}, who_{std::move(who)} {}

  std::optional<Result<std::size_t>> start_read(IoOp& op, std::span<char> buffer);
  std::optional<Result<std::size_t>> start_write(IoOp& op, std::string_view data);
  void cancel_read() noexcept;
  void cancel_write() noexcept;
  void shutdown_write() noexcept;
  void close() noexcept;
  void abort() noexcept;
  /// The TlsStream goes; deletes this, now or when the inner stream is done.
  void orphan() noexcept;

  [[nodiscard]] const Stream& inner() const noexcept { return *inner_; }
  [[nodiscard]] SSL* ssl() const noexcept { return session_->ssl(); }

 private:
  template <auto Function>
  class Op final : public IoOp {
   public:
    explicit Op(Core& core) noexcept : core_{core} {}
    void on_complete(Result<std::size_t> result) noexcept override {
      (core_.*Function)(std::move(result));
    }

   private:
    Core& core_;
  };

  std::optional<Result<std::size_t>> read_more();
  Status take_in(const Result<std::size_t>& size);
  void on_read(Result<std::size_t> size) noexcept;
  std::optional<Result<std::size_t>> write_more();
  Status encrypt();
  void on_written(Result<std::size_t> result) noexcept;
  [[nodiscard]] Status failure(std::string_view why) const;
  [[nodiscard]] Status cancelled() const;

  const std::unique_ptr<Stream> inner_;
  const std::unique_ptr<detail::TlsSession> session_;
  const std::string who_;
  Op<&Core::on_read> reading_{*this};
  Op<&Core::on_written> writing_{*this};

  IoOp* reader_ = nullptr;
  std::span<char> buffer_;
  bool read_cancelled_ = false;
  std::unique_ptr<char[]> incoming_;

  IoOp* writer_ = nullptr;
  std::string_view plain_;  ///< what is left to encrypt
  std::size_t total_ = 0;
  std::string sending_;  ///< what the inner stream is writing
  bool inner_writes_ = false;
  bool write_cancelled_ = false;
  Status write_failure_;

  Status failure_;         ///< of OpenSSL: neither direction goes on
  bool ended_ = false;     ///< nothing more is to be written
  bool notified_ = false;  ///< OpenSSL has made close_notify
  bool closed_ = false;
  bool orphan_ = false;
};

}  // namespace hal::net
