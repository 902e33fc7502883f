#include <hal/collector/otlp_schema.hpp>

#include <array>

namespace hal::collector {
namespace {

constexpr JsonField message(std::string_view name, std::uint32_t number,
                            const JsonMessage& message) {
  return {.name = name, .number = number, .form = JsonForm::kMessage, .message = &message};
}
constexpr JsonField list(std::string_view name, std::uint32_t number, const JsonMessage& message) {
  return {.name = name,
          .number = number,
          .form = JsonForm::kMessage,
          .repeated = true,
          .message = &message};
}

// common.proto. A value may hold values.
extern const JsonMessage kAnyValue;
extern const JsonMessage kKeyValue;

constexpr JsonField kArrayValueFields[] = {list("values", 1, kAnyValue)};
constexpr JsonMessage kArrayValue{kArrayValueFields};
constexpr JsonField kKeyValueListFields[] = {list("values", 1, kKeyValue)};
constexpr JsonMessage kKeyValueList{kKeyValueListFields};

constexpr JsonField kAnyValueFields[] = {
    {.name = "stringValue", .number = 1},
    {.name = "boolValue", .number = 2, .form = JsonForm::kBool},
    {.name = "intValue", .number = 3, .form = JsonForm::kInt64},
    {.name = "doubleValue", .number = 4, .form = JsonForm::kDouble},
    message("arrayValue", 5, kArrayValue),
    message("kvlistValue", 6, kKeyValueList),
    {.name = "bytesValue", .number = 7, .form = JsonForm::kBase64}};
constexpr JsonField kKeyValueFields[] = {{.name = "key", .number = 1},
                                         message("value", 2, kAnyValue)};
constexpr JsonMessage kAnyValue{kAnyValueFields};
constexpr JsonMessage kKeyValue{kKeyValueFields};

constexpr JsonField kScopeFields[] = {{.name = "name", .number = 1},
                                      {.name = "version", .number = 2}};
constexpr JsonMessage kScope{kScopeFields};

// resource.proto
constexpr JsonField kResourceFields[] = {list("attributes", 1, kKeyValue)};
constexpr JsonMessage kResource{kResourceFields};

// trace.proto
constexpr std::array<std::string_view, 6> kKinds{"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL",
                                                 "SPAN_KIND_SERVER",      "SPAN_KIND_CLIENT",
                                                 "SPAN_KIND_PRODUCER",    "SPAN_KIND_CONSUMER"};
constexpr std::array<std::string_view, 3> kStatusCodes{"STATUS_CODE_UNSET", "STATUS_CODE_OK",
                                                       "STATUS_CODE_ERROR"};

constexpr JsonField kEventFields[] = {
    {.name = "timeUnixNano", .number = 1, .form = JsonForm::kFixed64},
    {.name = "name", .number = 2},
    list("attributes", 3, kKeyValue)};
constexpr JsonMessage kEvent{kEventFields};

constexpr JsonField kLinkFields[] = {{.name = "traceId", .number = 1, .form = JsonForm::kHex},
                                     {.name = "spanId", .number = 2, .form = JsonForm::kHex}};
constexpr JsonMessage kLink{kLinkFields};

constexpr JsonField kStatusFields[] = {
    {.name = "message", .number = 2},
    {.name = "code", .number = 3, .form = JsonForm::kEnum, .names = kStatusCodes}};
constexpr JsonMessage kStatus{kStatusFields};

constexpr JsonField kSpanFields[] = {
    {.name = "traceId", .number = 1, .form = JsonForm::kHex},
    {.name = "spanId", .number = 2, .form = JsonForm::kHex},
    {.name = "traceState", .number = 3},
    {.name = "parentSpanId", .number = 4, .form = JsonForm::kHex},
    {.name = "name", .number = 5},
    {.name = "kind", .number = 6, .form = JsonForm::kEnum, .names = kKinds},
    {.name = "startTimeUnixNano", .number = 7, .form = JsonForm::kFixed64},
    {.name = "endTimeUnixNano", .number = 8, .form = JsonForm::kFixed64},
    list("attributes", 9, kKeyValue),
    {.name = "droppedAttributesCount", .number = 10, .form = JsonForm::kUint64},
    list("events", 11, kEvent),
    {.name = "droppedEventsCount", .number = 12, .form = JsonForm::kUint64},
    list("links", 13, kLink),
    {.name = "droppedLinksCount", .number = 14, .form = JsonForm::kUint64},
    message("status", 15, kStatus)};
constexpr JsonMessage kSpan{kSpanFields};

constexpr JsonField kScopeSpansFields[] = {message("scope", 1, kScope), list("spans", 2, kSpan)};
constexpr JsonMessage kScopeSpans{kScopeSpansFields};

constexpr JsonField kResourceSpansFields[] = {message("resource", 1, kResource),
                                              list("scopeSpans", 2, kScopeSpans)};
constexpr JsonMessage kResourceSpans{kResourceSpansFields};

// trace_service.proto
constexpr JsonField kRequestFields[] = {list("resourceSpans", 1, kResourceSpans)};
constexpr JsonMessage kRequest{kRequestFields};
constexpr JsonField kRoot = message("", 0, kRequest);

}  // namespace

const JsonField& otlp_request_schema() noexcept { return kRoot; }

}  // namespace hal::collector
