/** A linear program to minimise, and what a solver makes of it. Solvers are loaded when they are first asked. */

export interface LinearProgram {
  /** Coefficients of every variable: constraint name → number; the objective is the constraint named `objective`. */
  readonly variables: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Bounds on the sums. Variables are at least 0. */
  readonly constraints: Readonly<Record<string, { readonly max?: number; readonly equal?: number }>>;
  /** Variables that are 0 or 1. */
  readonly binary?: readonly string[];
}

export const OBJECTIVE = 'objective';

export interface Solution {
  readonly value: number;
  readonly variables: Readonly<Record<string, number>>;
}

/** Solves a program, or null where it has no solution. */
export type Solver = (program: LinearProgram) => Solution | null;

export async function loadSolver(name: 'yalps' | 'highs'): Promise<Solver> {
  return name === 'yalps' ? loadYalps() : loadHighs();
}

async function loadYalps(): Promise<Solver> {
  const { solve } = await import('yalps');
  return ({ variables, constraints, binary = [] }) => {
    const {
      status,
      result,
      variables: values,
    } = solve({ direction: 'minimize', objective: OBJECTIVE, constraints, variables, binaries: binary });
    return status === 'optimal' ? { value: result, variables: Object.fromEntries(values) } : null;
  };
}

async function loadHighs(): Promise<Solver> {
  const { default: load } = (await import('highs')) as unknown as { default: () => Promise<Highs> };
  const highs = await load();
  return (program) => {
    const solved = highs.solve(toLpFormat(program));
    if (solved.Status !== 'Optimal') return null;
    const variables: Record<string, number> = {};
    for (const [name, { Primal }] of Object.entries(solved.Columns)) if (Primal !== 0) variables[name] = Primal;
    return { value: solved.ObjectiveValue, variables };
  };
}

/** What is used of HiGHS compiled to WebAssembly. */
interface Highs {
  solve(problem: string): {
    readonly Status: string;
    readonly ObjectiveValue: number;
    readonly Columns: Readonly<Record<string, { readonly Primal: number }>>;
  };
}

/** The CPLEX LP text form that HiGHS reads. Rows are scaled by their largest coefficient, which keeps its tolerances meaningful. */
function toLpFormat({ variables, constraints, binary = [] }: LinearProgram): string {
  const row = (name: string, scale = 1): string =>
    Object.entries(variables)
      .filter(([, coefficients]) => (coefficients[name] ?? 0) !== 0)
      .map(([variable, coefficients]) => {
        const value = coefficients[name]! / scale;
        return `${value < 0 ? '-' : '+'} ${Math.abs(value)} ${variable}`;
      })
      .join(' ');
  const lines = ['Minimize', ` obj: ${row(OBJECTIVE)}`, 'Subject To'];
  for (const [name, { max, equal }] of Object.entries(constraints)) {
    const scale = Math.max(...Object.values(variables).map((coefficients) => Math.abs(coefficients[name] ?? 0)));
    if (scale === 0) continue;
    lines.push(` ${name}: ${row(name, scale)} ${equal === undefined ? '<=' : '='} ${(equal ?? max!) / scale}`);
  }
  if (binary.length > 0) lines.push('Binary', ` ${binary.join(' ')}`);
  lines.push('End');
  return lines.join('\n');
}
