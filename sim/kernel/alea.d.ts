declare module 'seedrandom/lib/alea.js' {
  /** Uniform numbers: the call itself has 32 random bits in [0, 1), `double` has 53. */
  interface Alea {
    (): number;
    double(): number;
  }
  export default function alea(seed: string): Alea;
}
