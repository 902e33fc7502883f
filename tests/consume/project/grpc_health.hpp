#pragma once

#include <memory>
#include <string>

/// A grpc++ server on loopback with the official health service and reflection.
class GrpcHealth {
 public:
  GrpcHealth();
  ~GrpcHealth();
  [[nodiscard]] std::string address() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
