"""What `cmake --install` puts where, and what find_package(hal9000) says when it cannot work."""

import re
import shutil
import subprocess

import pytest

from cmake import COMPILER, ROOT, cmake, must
from support.machine import ANY_PORT, BIN

MODULES = {"base", "wire", "async", "config", "net", "telemetry", "service", "transport", "http",
           "rpc", "discovery", "export", "identity", "app"}
PROJECT = "cmake_minimum_required(VERSION 3.25)\nproject(user LANGUAGES {})\n" \
          "find_package(hal9000 {} REQUIRED)\n"


def names(folder, pattern="*"):
    return {path.name for path in folder.glob(pattern)}


def test_libraries_programs_documents(prefix):
    assert names(prefix / "lib", "*.a") == {f"libhal9000-{name}.a" for name in MODULES} | {
        "libhal9000-internal-otlp.a"}
    assert names(prefix / "bin") == {"hal", "hal9000-api", "hal9000-auth", "hal9000-greeter",
                                     "protoc-gen-hal"}
    documents = prefix / "share" / "doc" / "hal9000"
    assert {"LICENSE", "README.md", "docs"} == names(documents)


def test_headers_are_those_of_the_modules_without_their_insides(prefix):
    assert names(prefix / "include") == {"hal9000"}
    headers = prefix / "include" / "hal9000" / "hal"
    assert names(headers) == MODULES
    assert (headers / "rpc" / "server.hpp").read_text() == (
        ROOT / "hal" / "rpc" / "server.hpp").read_text()
    assert not [path for path in headers.rglob("*")
                if "test" in str(path.relative_to(headers)) or path.match("*impl.hpp")]


def test_no_file_of_the_package_names_a_folder_of_the_build(prefix):
    for path in (prefix / "lib" / "cmake" / "hal9000").iterdir():
        text = path.read_text()
        assert str(ROOT) not in text and str(prefix.with_name("before")) not in text, path


def test_the_programs_find_each_other(prefix, machine):
    up = machine.run(prefix / "bin" / "hal", "up", "--once", *ANY_PORT)
    assert up.wait() == 0, up.output()


def test_what_hal_up_says_to_type_works_where_it_is_installed(prefix, machine):
    up = machine.run(prefix / "bin" / "hal", "up", *ANY_PORT)
    command = up.wait_line(r"^  (\S+ trace show last)$").group(1)
    shown = machine.run(*command.split())
    assert shown.wait() == 0, shown.output()
    assert "auth.Auth/Verify" in shown.output("out")  # the login comes last


def find_package(folder, prefix, *flags, languages="CXX", version="", **variables):
    (folder / "CMakeLists.txt").write_text(PROJECT.format(languages, version))
    return cmake("-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
                 *(flags or [COMPILER]), **variables)


@pytest.mark.parametrize(("version", "found"), [("0.1", True), ("0.2", False), ("1", False)])
def test_below_1_0_another_minor_version_is_another_interface(prefix, tmp_path, version, found):
    done = find_package(tmp_path, prefix, version=version)
    assert (done.returncode == 0) == found, done.stdout


def one_line(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.skipif(not shutil.which("g++"), reason="there is no g++")
def test_the_default_compiler_of_debian_is_refused_with_the_flag_to_set(prefix, tmp_path):
    version = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True,
                             check=True).stdout
    if int(version.split(".")[0]) >= 13:
        pytest.skip("g++ is newer than Debian 12's")
    done = find_package(tmp_path, prefix, "-DCMAKE_CXX_COMPILER=g++")
    assert done.returncode != 0
    assert "miscompiles aggregate temporaries" in one_line(done.stdout)
    assert "use clang 19: -DCMAKE_CXX_COMPILER=clang++-19" in one_line(done.stdout)


def test_a_missing_library_is_named(prefix, tmp_path):
    done = find_package(tmp_path, prefix, COMPILER, PKG_CONFIG_LIBDIR=str(tmp_path))
    assert done.returncode != 0
    assert "pkg-config finds no libnghttp2" in one_line(done.stdout)


@pytest.mark.parametrize(("compiler", "version", "loaded", "says"), [
    ("Clang", "19.1.7", 1, r"^$"),
    ("Clang", "22.0.0", 1, r"^$"),
    ("Clang", "18.1.8", 1, r"clang 18\.1\.8 lacks .*use clang 19"),
    ("GNU", "12.2.0", 1, r"g\+\+ 12\.2\.0 miscompiles .*use clang 19"),
    ("GNU", "14.2.0", 1, r"Warning.*g\+\+ 14\.2\.0 is untested"),
    ("AppleClang", "17.0", 1, r"Warning.*AppleClang 17\.0 is untested"),
    ("", "", "", r"needs the language CXX"),
])
def test_what_is_said_of_compilers(prefix, tmp_path, compiler, version, loaded, says):
    script = tmp_path / "check.cmake"
    script.write_text(f'include("{prefix}/lib/cmake/hal9000/HalCompiler.cmake")\n'
                      'hal_check_compiler(reason)\nif(reason)\n  message("${reason}")\nendif()\n')
    done = must(cmake(f"-DCMAKE_CXX_COMPILER_ID={compiler}",
                      f"-DCMAKE_CXX_COMPILER_VERSION={version}",
                      f"-DCMAKE_CXX_COMPILER_LOADED={loaded}", "-P", script))
    assert re.search(says, one_line(done.stdout)), done.stdout


def test_the_build_folder_knows_the_version_that_the_programs_tell(prefix):
    told = subprocess.run([prefix / "bin" / "hal", "version"], capture_output=True, text=True,
                          check=True).stdout.split()[1]
    assert f"CMAKE_PROJECT_VERSION:STATIC={told}\n" in (BIN.parent / "CMakeCache.txt").read_text()
