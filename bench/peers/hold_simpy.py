"""The hold model in SimPy (3 or 4): PENDING processes, each waiting for a timeout again and again.

Usage: hold_simpy.py PENDING OPERATIONS. Prints one line of JSON. Same increments, order and warm-up as hold.ts.
"""

import json
import math
import sys
import time

import simpy

INCREMENTS = 1 << 16
MASK = INCREMENTS - 1


def increment_table():
    table = []
    state = 1
    for _ in range(INCREMENTS):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        table.append(1 + math.floor(-math.log((state + 0.5) / 2**32) * 1e6))
    return table


pending, operations = map(int, sys.argv[1:])
warm_up = operations // 10
table = increment_table()
env = simpy.Environment()
drawn = events = checksum = 0
start = seconds = 0.0


def process(ident):
    global drawn, events, checksum, start, seconds
    while True:
        drawn += 1
        yield env.timeout(table[(drawn - 1) & MASK])
        checksum = (checksum * 31 + ident) & 0xFFFFFFFF
        events += 1
        if events == warm_up:
            start = time.process_time()
        elif events == warm_up + operations:
            seconds = time.process_time() - start
            done.succeed()
            yield env.event()


done = env.event()
for ident in range(pending):
    env.process(process(ident))
env.run(until=done)
signed = checksum - 2**32 if checksum >= 2**31 else checksum
print(json.dumps({"cpuSeconds": seconds, "clock": int(env.now), "checksum": signed}))
