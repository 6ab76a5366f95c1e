// SPDX-License-Identifier: MIT
import java.util.Comparator;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CyclicBarrier;

/**
 * What map.c does, with ConcurrentSkipListMap. Everything runs unmeasured first, for as long, so that it
 * is compiled. With keys first keys are objects that a comparator compares; otherwise Long.
 */
final class Maps {
    private static final int STRIDE = 64, SEED = 20;

    record Mix(String name, int threads, int gets, boolean replaces) {
    }

    private static final Mix[] MIXES = {
        new Mix("mixed-1", 1, 50, false), new Mix("mixed-2", 2, 50, false),
        new Mix("reads-1", 1, 90, false), new Mix("reads-2", 2, 90, false),
        new Mix("replacing-1", 1, 50, true), new Mix("replacing-2", 2, 50, true),
    };

    /** The numbers of random.h. */
    static final class Numbers {
        private long state;

        Numbers(long seed) {
            state = seed;
        }

        int below(int n) {
            state = state * 6364136223846793005L + 1442695040888963407L;
            return (int) ((state >>> 32) * n >>> 32);
        }
    }

    record Key(long number) {
    }

    private final Object[] keys;
    private final ConcurrentSkipListMap<Object, Long> map;
    private volatile boolean isOver;

    Maps(int count, boolean withKeys) {
        Comparator<Object> order = Comparator.comparingLong(key -> ((Key) key).number);
        map = withKeys ? new ConcurrentSkipListMap<>(order) : new ConcurrentSkipListMap<>();
        keys = new Object[count];
        for (int i = 0; i < count; i++)
            keys[i] = withKeys ? new Key(i) : (Object) Long.valueOf(i);
        fill();
    }

    private void fill() {
        Object[] order = keys.clone();
        Numbers numbers = new Numbers(SEED);
        for (int i = order.length; i > 1; i--) {
            int j = numbers.below(i);
            Object last = order[i - 1];
            order[i - 1] = order[j];
            order[j] = last;
        }
        for (int i = 0; i < order.length / 2; i++)
            map.putIfAbsent(order[i], (long) i);
    }

    final class Worker extends Thread {
        private final Mix mix;
        private final Numbers numbers;
        private final CyclicBarrier together;
        long ops, added, seen, begin, end;

        Worker(Mix mix, int number, CyclicBarrier together) {
            this.mix = mix;
            this.together = together;
            numbers = new Numbers(SEED + number);
        }

        private void operate() {
            Object key = keys[numbers.below(keys.length)];
            int what = numbers.below(200);
            if (what < 2 * mix.gets) {
                Long value = map.get(key);
                seen += value == null ? 0 : value;
            } else if ((what & 1) != 0) {
                added -= map.remove(key) != null ? 1 : 0;
            } else if (mix.replaces) {
                map.put(key, ops);
            } else {
                added += map.putIfAbsent(key, ops) == null ? 1 : 0;
            }
        }

        @Override
        public void run() {
            await(together);
            begin = System.nanoTime();
            while (!isOver) {
                for (int i = 0; i < STRIDE; i++)
                    operate();
                ops += STRIDE;
            }
            end = System.nanoTime();
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private double measure(Mix mix, int ms) throws InterruptedException {
        CyclicBarrier together = new CyclicBarrier(mix.threads + 1);
        Worker[] workers = new Worker[mix.threads];
        long ops = 0, entries = map.size();
        long begin = Long.MAX_VALUE, end = Long.MIN_VALUE;
        isOver = false;
        for (int i = 0; i < mix.threads; i++) {
            workers[i] = new Worker(mix, i, together);
            workers[i].start();
        }
        await(together);
        Thread.sleep(ms);
        isOver = true;
        for (Worker w : workers) {
            w.join();
            ops += w.ops;
            entries += w.added;
            begin = Math.min(begin, w.begin);
            end = Math.max(end, w.end);
        }
        if (!mix.replaces && entries != map.size())
            throw new IllegalStateException("entries were lost");
        return ops * 1e3 / (end - begin);
    }

    public static void main(String[] args) throws InterruptedException {
        String name = args[args.length - 1];
        boolean isQuick = name.endsWith("-quick");
        int ms = isQuick ? 10 : 200;
        int count = name.startsWith("10k") ? 10_000 : isQuick ? 50_000 : 1_000_000;
        Maps maps = new Maps(count, args.length > 1 && args[0].equals("keys"));
        for (Mix mix : MIXES)
            maps.measure(mix, ms);
        StringBuilder figures = new StringBuilder();
        for (Mix mix : MIXES)
            figures.append(figures.isEmpty() ? "" : ", ")
                .append(String.format("\"%s\": %.4f", mix.name, maps.measure(mix, ms)));
        System.out.printf("{\"case\": \"%s\", \"figures\": {%s}}%n", name, figures);
    }
}
