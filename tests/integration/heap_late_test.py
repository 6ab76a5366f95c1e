# SPDX-License-Identifier: MIT
"""libccmem.so that comes late: opened by a program that runs, used from its threads, closed again; and
called from C++ and Python, whose threads end in ways of their own."""
import sys

import pytest

from recording import BUILD, PROJECT, environment, run

LIBRARY = BUILD / "lib/libccmem.so.0"
BACKENDS = pytest.mark.parametrize("backend", ("mimalloc", "tcmalloc", "system"))

# Opened by eight threads, used by them, closed while they live: they end without it.
OPENER = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef void *alloc_t(size_t);
typedef void free_t(void *, size_t);

static const char       *file;
static pthread_barrier_t used, closed;

static void *use(void *unused)
{
    (void)unused;
    void    *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        _exit(2);
    }
    alloc_t *alloc   = (alloc_t *)dlsym(library, "cc_alloc");
    free_t  *release = (free_t *)dlsym(library, "cc_free");
    void    *p[2000];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 2000; i++)
            memset(p[i] = alloc((size_t)i % 500 + 1), i, (size_t)i % 500 + 1);
        for (int i = 0; i < 2000; i++)
            release(p[i], (size_t)i % 500 + 1);
    }
    dlclose(library);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed); /* it is closed by all who opened it */
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread[8];

    file = argv[argc - 1];
    for (int round = 0; round < 3; round++) {
        pthread_barrier_init(&used, NULL, 9);
        pthread_barrier_init(&closed, NULL, 9);
        for (int i = 0; i < 8; i++)
            if (pthread_create(&thread[i], NULL, use, NULL) != 0)
                return 3;
        pthread_barrier_wait(&used);
        pthread_barrier_wait(&closed);
        for (int i = 0; i < 8; i++)
            pthread_join(thread[i], NULL);
        if (fork() == 0) /* its handlers are not called where it is no more */
            _exit(0);
    }
    puts("ok");
    return 0;
}
"""

# Destructors of thread_local objects allocate and free after the heap closed the thread's arrays.
THREAD_LOCAL = r"""
#include <ccmem/alloc.h>
#include <cstdio>
#include <thread>
#include <vector>

template <typename T> struct heap {
    using value_type = T;
    heap() = default;
    template <typename U> heap(const heap<U> &) {}
    T *allocate(std::size_t n) { return static_cast<T *>(cc_alloc(n * sizeof(T))); }
    void deallocate(T *p, std::size_t n) { cc_free(p, n * sizeof(T)); }
    bool operator==(const heap &) const { return true; }
    bool operator!=(const heap &) const { return false; }
};

struct late {
    std::vector<std::vector<int, heap<int>>, heap<std::vector<int, heap<int>>>> rows;
    ~late()
    {
        for (int i = 0; i < 50; i++)
            rows.emplace_back(i + 1, i); /* grows: frees what it had */
        void *p = cc_alloc_node(100);
        cc_free_unsized(p);
        cc_thread_idle();
    }
};

static thread_local late one, two;

int main()
{
    cc_alloc_stats_enable(true);
    for (int round = 0; round < 40; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; i++)
            threads.emplace_back([i] {
                for (int k = 0; k < 20; k++) {
                    one.rows.emplace_back(100 + i, k);
                    two.rows.emplace_back(k + 1, i);
                }
            });
        for (auto &t : threads)
            t.join();
    }
    cc_trim();
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
    std::printf("%d %d %d\n", (int)s.current_allocated, (int)(s.alloc_count - s.free_count),
                (int)s.cached_bytes);
    return s.alloc_count > 10000 ? 0 : 1;
}
"""

PYTHON = r"""
import ctypes, random, sys, threading
heap = ctypes.CDLL(sys.argv[1])
heap.cc_alloc.restype = heap.cc_calloc.restype = ctypes.c_void_p
for name, arguments in {"cc_alloc": 1, "cc_calloc": 2}.items():
    getattr(heap, name).argtypes = [ctypes.c_size_t] * arguments
heap.cc_free.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
heap.cc_free_unsized.argtypes = [ctypes.c_void_p]

passed = []
def work(seed):
    choose = random.Random(seed)
    for _ in range(300):
        size = choose.randrange(1, 5000)
        block = heap.cc_alloc(size) if choose.random() < .5 else heap.cc_calloc(1, size)
        ctypes.memset(block, seed, size)
        passed.append((block, size, seed))
    for _ in range(250):
        block, size, tag = passed.pop(0)
        assert ctypes.string_at(block, size) == bytes([tag]) * size
        if choose.random() < .5:
            heap.cc_free(block, size)
        else:
            heap.cc_free_unsized(block)

for start in range(0, 40, 8):
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(start, start + 8)]
    for t in threads: t.start()
    for t in threads: t.join()
for block, size, tag in passed:
    heap.cc_free(block, size)
heap.cc_trim()
print("ok", len(passed))
"""


def compile_to(path, source, compiler, *flags):
    code = path.with_suffix(".cpp" if compiler == "c++" else ".c")
    code.write_text(source)
    done = run(compiler, "-O2", "-Wall", "-Wextra", "-Werror", f"-I{PROJECT / 'include'}", code,
               "-pthread", *flags, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


@BACKENDS
def test_opened_and_closed_by_threads(built, tmp_path, backend):
    program = compile_to(tmp_path / "opener", OPENER, "cc", "-ldl")
    done = run(program, LIBRARY, env=environment(CCMEM_BACKEND=backend))
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


@BACKENDS
def test_destructors_of_thread_local_objects(built, tmp_path, backend):
    program = compile_to(tmp_path / "late", THREAD_LOCAL, "c++", "-std=c++17", f"-L{BUILD}/lib",
                         "-lccmem", f"-Wl,-rpath,{BUILD}/lib")
    done = run(program, env=environment(CCMEM_BACKEND=backend))
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 0 0\n", "")


@BACKENDS
def test_from_python(built, backend):
    done = run(sys.executable, "-c", PYTHON, LIBRARY, env=environment(CCMEM_BACKEND=backend))
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok 2000\n", "")
