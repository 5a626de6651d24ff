# One library per room, in the order of the architecture; a room's files are found by folder.
include(CheckLinkerFlag)

add_library(kiln_options INTERFACE)
target_include_directories(kiln_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(kiln_options INTERFACE -Wall -Wextra -Wpedantic -Werror=switch -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
  # GCC 12 warns of its own std::string at -O2 (GCC bugs 105651, 105329).
  target_compile_options(kiln_options INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread)
  # A page that is touched for the first time costs microseconds: what every start runs and reads is to lie close together
  # (kiln_order_functions). Texts shared with LLVM's lie anywhere in its megabytes of them.
  target_compile_options(kiln_options INTERFACE -ffunction-sections -fno-merge-constants)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(kiln_options INTERFACE -Wno-c99-extensions) # Flexible array members: __extension__ is for GCC alone.
endif()
if(KILN_WERROR)
  target_compile_options(kiln_options INTERFACE -Werror)
endif()
if(KILN_SANITIZE)
  target_compile_options(kiln_options INTERFACE -fsanitize=${KILN_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(kiln_options INTERFACE -fsanitize=${KILN_SANITIZE})
endif()
find_program(KILN_LLD ld.lld)
find_program(KILN_MOLD mold)
if(KILN_LLD)
  set(KILN_LINKER -fuse-ld=lld)
elseif(KILN_MOLD)
  set(KILN_LINKER -fuse-ld=mold)
endif()
# The build id tells builds apart: code that one of them kept is not for another (jit/code_cache).
target_link_options(kiln_options INTERFACE ${KILN_LINKER} -Wl,--build-id)

# Puts the part of the library written in Kiln, lang/library/*.kn, into the target, as text.
function(kiln_embed_library target)
  file(GLOB library CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lang/library/*.kn)
  set(embedded ${CMAKE_BINARY_DIR}/generated/library.cpp)
  add_custom_command(OUTPUT ${embedded}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${embedded} "-DFILES=${library}" -P ${CMAKE_SOURCE_DIR}/cmake/embed_library.cmake
    DEPENDS ${library} ${CMAKE_SOURCE_DIR}/cmake/embed_library.cmake VERBATIM)
  target_sources(${target} PRIVATE ${embedded})
endfunction()

# Headers that nearly every file reads, read once. The sanitizers' preset is built without them, which shows where a file
# forgot one.
function(kiln_precompile_headers target)
  target_precompile_headers(${target} PRIVATE <algorithm> <cstdint> <cstring> <deque> <functional> <map> <memory>
    <optional> <set> <span> <string> <string_view> <unordered_map> <unordered_set> <utility> <vector> <fmt/format.h>
    ${ARGN})
endfunction()

# kiln_library(name [room it stands on]): every .cpp and .S below name/ except the program's own, main and delay_libm.
function(kiln_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp ${CMAKE_SOURCE_DIR}/${name}/*.S)
  list(FILTER sources EXCLUDE REGEX "/(main|delay_libm)\\.(cpp|S)$")
  if(name STREQUAL "codegen") # LLVM's headers are seen by lower*.cpp alone.
    set(lower ${sources})
    list(FILTER lower INCLUDE REGEX "/lower[^/]*\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "/lower[^/]*\\.cpp$")
    add_library(kiln_lower OBJECT ${lower})
    target_link_libraries(kiln_lower PRIVATE kiln_options kiln_format kiln_llvm)
    kiln_precompile_headers(kiln_lower <llvm/IR/DIBuilder.h> <llvm/IR/IRBuilder.h> <llvm/IR/MDBuilder.h> <llvm/IR/Module.h>)
    list(APPEND sources $<TARGET_OBJECTS:kiln_lower>)
  endif()
  add_library(kiln_${name} STATIC ${sources})
  target_link_libraries(kiln_${name} PUBLIC kiln_options)
  kiln_precompile_headers(kiln_${name})
  foreach(below ${ARGN})
    target_link_libraries(kiln_${name} PUBLIC kiln_${below})
  endforeach()
  if(name STREQUAL "lang")
    target_link_libraries(kiln_lang PUBLIC kiln_format)
    kiln_embed_library(kiln_lang)
  elseif(name STREQUAL "codegen")
    target_link_libraries(kiln_codegen INTERFACE kiln_llvm)
  elseif(name STREQUAL "jit")
    target_link_libraries(kiln_jit PUBLIC kiln_collector)
    # Kiln finds the unwind tables of compiled code itself (jit/code_map.cpp): the C++ unwinder's search must pass through it.
    # The collector maps its heap and reads its settings by way of jit/runtime/collector.cpp.
    if(KILN_STATIC)
      target_compile_definitions(kiln_jit PRIVATE KILN_STATIC_UNWINDER)
      target_link_options(kiln_jit INTERFACE -static-libstdc++ -static-libgcc -Wl,--wrap=_Unwind_Find_FDE
        -Wl,--wrap=GC_unix_get_mem -Wl,--wrap=getenv)
      set_source_files_properties(${CMAKE_SOURCE_DIR}/jit/runtime/collector.cpp PROPERTIES COMPILE_DEFINITIONS KILN_STATIC_COLLECTOR)
    else()
      target_link_options(kiln_jit INTERFACE -Wl,--export-dynamic-symbol=_Unwind_Find_FDE)
    endif()
    # Each operation of the interpreter ends in a jump of its own, which the processor can foretell: GCC is not to join them.
    # Nor is it to split kiln_interpret, which a walk of the stack knows by its address.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      set_source_files_properties(${CMAKE_SOURCE_DIR}/jit/interpreter/execute.cpp PROPERTIES COMPILE_OPTIONS
        "-fno-gcse;-fno-crossjumping;-fno-tree-slp-vectorize;-fno-reorder-blocks-and-partition;--param=max-goto-duplication-insns=60")
      set_source_files_properties(${CMAKE_SOURCE_DIR}/jit/interpreter/interpreter.cpp PROPERTIES COMPILE_OPTIONS -fno-reorder-blocks-and-partition)
    endif()
    # Interrupts and stack overflows are thrown from signal handlers.
    set_source_files_properties(${CMAKE_SOURCE_DIR}/jit/signals.cpp PROPERTIES COMPILE_OPTIONS -fnon-call-exceptions)
    # An interrupt or a stack overflow may be thrown from a signal handler through any of these frames.
    set(runtime ${sources})
    list(FILTER runtime INCLUDE REGEX "/jit/runtime/[^/]*\\.cpp$")
    set_source_files_properties(${runtime} PROPERTIES COMPILE_OPTIONS -fnon-call-exceptions)
  elseif(name STREQUAL "repl")
    target_link_libraries(kiln_repl PUBLIC kiln_edit CLI11::CLI11)
  endif()
endfunction()

# LLVM's static constructors take longer than all else that a short program does: they run when LLVM is first used
# (jit/llvm_start.cpp), where the linker can set them apart. lld and GNU ld can; elsewhere they run before main().
function(kiln_start_llvm_later name)
  set(script ${CMAKE_SOURCE_DIR}/cmake/llvm_start.ld)
  set(CMAKE_REQUIRED_LINK_OPTIONS ${KILN_LINKER})
  check_linker_flag(CXX -Wl,-T,${script} KILN_LINKER_SETS_LLVM_APART)
  if(KILN_LINKER_SETS_LLVM_APART)
    target_link_options(${name} PRIVATE -Wl,-T,${script})
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${script})
  endif()
endfunction()

# Loads libm when a function of it is first called (repl/delay_libm.S).
function(kiln_delay_libm name)
  target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/repl/delay_libm.S ${CMAKE_SOURCE_DIR}/repl/delay_libm.cpp)
endfunction()

# Puts what every start executes side by side (cmake/start_order), where the linker can: lld.
function(kiln_order_functions name)
  set(order ${CMAKE_SOURCE_DIR}/cmake/start_order.txt)
  if(KILN_LLD)
    target_link_options(${name} PRIVATE -Wl,--symbol-ordering-file=${order},--no-warn-symbol-ordering)
    set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${order})
  endif()
endfunction()

function(kiln_program name room)
  add_executable(${name} ${CMAKE_SOURCE_DIR}/${room}/main.cpp)
  target_link_libraries(${name} PRIVATE kiln_${room})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  if(KILN_STATIC)
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc -no-pie -Wl,--gc-sections
      -Wl,--as-needed)
    kiln_start_llvm_later(${name})
    kiln_delay_libm(${name})
    kiln_order_functions(${name})
  endif()
endfunction()
