// What nearly every test includes, on top of the library's headers.
#pragma once
#include "pch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
