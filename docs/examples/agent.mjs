// Plays the mapping game by lot, a little wiser each time, and prints the seconds of its best plan.
//   node docs/examples/agent.mjs EPISODES tierflow map --two-level strassen --machine fusemax-array --play
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [episodes, command, ...args] = process.argv.slice(2);
const game = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: game.stdout })[Symbol.asyncIterator]();
const hear = async () => JSON.parse((await lines.next()).value);
const say = (message) => game.stdin.write(`${JSON.stringify(message)}\n`);

/** Mean reward of every move of a use seen so far: what is kept, copied and dropped. */
const worth = new Map();
const key = ({ access }, action) => `${access.number} ${action.do} ${action.start ?? ''} ${action.in ?? 0}`;
const meanOf = (state, action) => worth.get(key(state, action))?.mean ?? 0;

let { state } = await hear();
const begin = state.elapsed_s;
let best = begin;
for (let episode = 0; episode < Number(episodes); episode++) {
  say({ reset: true });
  ({ state } = await hear());
  while (!state.done) {
    const moves = state.actions.map((action, n) => ({ action, n, mean: meanOf(state, action) }));
    const lot = Math.random() < 0.2 ? moves[Math.floor(Math.random() * moves.length)] : null;
    const { action, n } = lot ?? moves.reduce((a, b) => (b.mean > a.mean ? b : a));
    say({ action: n });
    const reply = await hear();
    const seen = worth.get(key(state, action)) ?? { mean: 0, count: 0 };
    seen.mean += (reply.reward - seen.mean) / ++seen.count;
    worth.set(key(state, action), seen);
    ({ state } = reply);
  }
  best = Math.min(best, state.elapsed_s);
}
game.stdin.end();
console.log(JSON.stringify({ all_slow_s: begin, best_s: best }));
