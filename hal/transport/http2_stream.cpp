#include <hal/transport/http2_stream.hpp>

#include <hal/async/or_return.hpp>
#include <hal/transport/http2_connection.hpp>
#include <hal/wire/grpc.hpp>

namespace hal::transport {

using wire::http2::ErrorCode;

Http2Stream::Http2Stream(std::shared_ptr<Http2Connection> connection, wire::http2::StreamId id,
                         StopSource* parent)
    : connection_{std::move(connection)}, id_{id}, stop_{parent} {}

Http2Stream::~Http2Stream() {
  connection_->forget(*this);
  connection_->session_.give_back(std::move(headers_));
  connection_->session_.give_back(std::move(trailers_));
}

std::string Http2Stream::take_data() {
  if (!gone_) {
    connection_->session_.consume(id_, data_.size());
    connection_->flush();
  }
  return std::exchange(data_, {});
}

Result<> Http2Stream::respond(const Headers& headers, bool end_stream) {
  if (!failure_.ok()) return error(failure_);
  auto submitted = connection_->session_.submit_response(id_, headers, end_stream);
  end_sent_ = submitted && end_stream;
  connection_->flush();
  return submitted;
}

Result<> Http2Stream::send(std::string bytes, bool end_stream) {
  if (!failure_.ok()) return error(failure_);
  auto queued = connection_->session_.send_data(id_, std::move(bytes), end_stream);
  end_sent_ = end_stream;
  connection_->flush();
  return queued;
}

Result<> Http2Stream::send_trailers(const Headers& trailers) {
  if (!failure_.ok()) return error(failure_);
  auto queued = connection_->session_.send_trailers(id_, trailers);
  if (queued) end_sent_ = true;
  connection_->flush();
  return queued;
}

std::size_t Http2Stream::queued_bytes() const noexcept { return connection_->session_.queued(id_); }

Task<Result<>> Http2Stream::sendable() {
  while (failure_.ok() &&
         connection_->session_.queued(id_) > connection_->options_.queued_high_bytes) {
    co_await or_return(co_await changed_.wait());
  }
  if (!failure_.ok()) co_return error(failure_);
  co_return Result<>{};
}

void Http2Stream::closed(ErrorCode code) {
  gone_ = true;
  if (code == ErrorCode::kNoError && ended_) {
    changed_.wake_all();
    return;
  }
  refused_ = code == ErrorCode::kRefusedStream && !headers_received_;
  fail({wire::grpc::code_from_http2(static_cast<std::uint32_t>(code)),
        fmt::format("the stream was reset ({})", wire::http2::name(code))});
}

void Http2Stream::fail(Status status) {
  if (failure_.ok()) failure_ = status;
  stop_.request({Code::kCancelled, std::move(status).message()});
  changed_.wake_all();
}

}  // namespace hal::transport
