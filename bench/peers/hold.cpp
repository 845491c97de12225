// The hold model on std::priority_queue: the same increments, record and order as hold.ts.
// Usage: hold PENDING OPERATIONS. Prints one line of JSON.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <queue>
#include <vector>

struct Event {  // 24 bytes
  double time;
  double sequence;
  std::int32_t payload;
};

struct Later {
  bool operator()(const Event& x, const Event& y) const {
    return x.time > y.time || (x.time == y.time && x.sequence > y.sequence);
  }
};

int main(int count, char** words) {
  if (count != 3) return 2;
  const long pending = std::atol(words[1]);
  const long operations = std::atol(words[2]);

  const std::uint32_t increments = 1u << 16;
  std::vector<double> table(increments);
  std::uint32_t state = 1;
  for (double& increment : table) {
    state = state * 1664525u + 1013904223u;
    increment = 1 + std::floor(-std::log((state + 0.5) / 4294967296.0) * 1e6);
  }

  std::priority_queue<Event, std::vector<Event>, Later> queue;
  std::uint32_t drawn = 0;
  double sequence = 0;
  for (long id = 0; id < pending; id++) {
    queue.push({table[drawn++ & (increments - 1)], sequence++, static_cast<std::int32_t>(id)});
  }

  std::uint32_t checksum = 0;
  double clock = 0;
  std::clock_t start = 0;
  const long warm_up = operations / 10;
  for (long i = 0; i < warm_up + operations; i++) {
    if (i == warm_up) start = std::clock();
    const Event event = queue.top();
    queue.pop();
    clock = event.time;
    checksum = checksum * 31u + static_cast<std::uint32_t>(event.payload);
    queue.push({clock + table[drawn++ & (increments - 1)], sequence++, event.payload});
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("{\"cpuSeconds\":%.6f,\"clock\":%.0f,\"checksum\":%d}\n", seconds, clock, static_cast<std::int32_t>(checksum));
}
