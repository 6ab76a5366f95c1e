// SPDX-License-Identifier: MIT
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What queue.c does, with ConcurrentLinkedQueue. Everything runs unmeasured for some turns first, so
 * that it is compiled.
 */
final class Queues {
    private static final int WARM_UP = 4, TURNS = 3, IN_QUEUE = 64, SPINS = 1000;

    private final ConcurrentLinkedQueue<Long> queue = new ConcurrentLinkedQueue<>();
    private final int sides;
    private final long part;
    private final Worker[] producers, consumers;
    private final CyclicBarrier together;
    private final AtomicInteger producing = new AtomicInteger();

    Queues(int sides, long words) {
        this.sides = sides;
        part = words / sides;
        producers = new Worker[sides];
        consumers = new Worker[sides];
        together = new CyclicBarrier(2 * sides);
    }

    private static long word(long producer, long count) {
        return producer << 32 | count;
    }

    /** Who works says itself from when to when. */
    abstract class Worker extends Thread {
        long sum, begin, end;

        abstract void work();

        @Override
        public void run() {
            try {
                together.await();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            begin = System.nanoTime();
            work();
            end = System.nanoTime();
        }
    }

    final class Producer extends Worker {
        private final int number;

        Producer(int number) {
            this.number = number;
        }

        @Override
        void work() {
            for (long i = 1; i <= part; i++)
                queue.add(word(number, i));
            producing.getAndDecrement();
        }
    }

    final class Consumer extends Worker {
        private final long[] last = new long[sides];

        private void take(long word) {
            int producer = (int) (word >> 32);
            if (word <= last[producer])
                throw new IllegalStateException("words came out of order");
            last[producer] = word;
            sum += word;
        }

        @Override
        void work() {
            boolean isLast = false;
            for (int spins = 0;;) {
                Long word = queue.poll();
                if (word != null)
                    take(word);
                else if (isLast)
                    return;
                else if (producing.get() == 0)
                    isLast = true;
                else if (++spins % SPINS != 0)
                    Thread.onSpinWait();
                else
                    Thread.yield();
            }
        }
    }

    private void expectAll() {
        long sum = 0, expected = 0;
        for (int i = 0; i < sides; i++) {
            sum += consumers[i].sum;
            expected += part * word(i, 0) + part * (part + 1) / 2;
        }
        if (sum != expected)
            throw new IllegalStateException("words were lost");
    }

    /** Nanoseconds for all words, from when the first began to when the last was done. */
    private long transfer() throws InterruptedException {
        Worker[] all = new Worker[2 * sides];
        producing.set(sides);
        for (int i = 0; i < sides; i++) {
            all[2 * i] = producers[i] = new Producer(i);
            all[2 * i + 1] = consumers[i] = new Consumer();
        }
        long begin = Long.MAX_VALUE, end = Long.MIN_VALUE;
        for (Worker w : all)
            w.start();
        for (Worker w : all) {
            w.join();
            begin = Math.min(begin, w.begin);
            end = Math.max(end, w.end);
        }
        expectAll();
        return end - begin;
    }

    private double run() throws InterruptedException {
        long ns = 0;
        for (int i = 0; i < WARM_UP; i++)
            transfer();
        for (int i = 0; i < TURNS; i++)
            ns += transfer();
        return 1e3 * TURNS * sides * part / ns;
    }

    private static double alone(long words) {
        ConcurrentLinkedQueue<Long> queue = new ConcurrentLinkedQueue<>();
        for (long i = 1; i <= IN_QUEUE; i++)
            queue.add(i);
        long begin = System.nanoTime();
        for (long i = 1; i <= words; i++) {
            queue.add(IN_QUEUE + i);
            if (queue.poll() != i)
                throw new IllegalStateException("a word was lost");
        }
        return words * 1e3 / (System.nanoTime() - begin);
    }

    public static void main(String[] args) throws InterruptedException {
        String name = args[args.length - 1];
        long words = name.endsWith("-quick") ? 1 << 14 : 1 << 20;
        double speed;
        if (name.startsWith("alone")) {
            alone(TURNS * words);
            speed = alone(TURNS * words);
        } else {
            speed = new Queues(name.charAt(0) - '0', words).run();
        }
        System.out.printf("{\"case\": \"%s\", \"figures\": {\"speed\": %.4f}}%n", name, speed);
    }
}
