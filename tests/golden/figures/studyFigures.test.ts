import * as v from 'valibot';
import { expect, test } from 'vitest';
import type { FigureSpec } from '../../../reports/figure.ts';
import { loadChart } from '../../../reports/files.ts';
import { readStudies } from '../../../studies/load.ts';

const drawn = readStudies([]).filter(({ frame }) => frame.figures !== undefined);

test.each(drawn.map((study) => [study.name, study] as const))(
  'the figures of %s have options their charts know',
  async (_, study) => {
    for (const { kind, name: _name, theme: _theme, title: _title, height_in: _height, ...options } of study.frame
      .figures as readonly FigureSpec[]) {
      const { optionsSchema } = await loadChart(kind);
      const { issues } = v.safeParse(optionsSchema as v.GenericSchema, options);
      expect(issues?.map(({ message }) => message)).toBeUndefined();
    }
  },
);
