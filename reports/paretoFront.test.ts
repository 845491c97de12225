import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paretoFront } from './paretoFront.ts';

const way = fc.constantFrom<'lower' | 'higher'>('lower', 'higher');
const points = fc.array(fc.record({ x: fc.integer({ min: 0, max: 8 }), y: fc.integer({ min: 0, max: 8 }) }), {
  maxLength: 30,
});

it('keeps exactly the points that no other beats', () => {
  fc.assert(
    fc.property(points, way, way, (list, wayX, wayY) => {
      const [sx, sy] = [wayX === 'lower' ? 1 : -1, wayY === 'lower' ? 1 : -1];
      const beaten = (a: { x: number; y: number }): boolean =>
        list.some((b) => sx * b.x <= sx * a.x && sy * b.y <= sy * a.y && (b.x !== a.x || b.y !== a.y));
      const front = paretoFront(list, wayX, wayY);
      list.forEach((point, index) => {
        expect(front.has(index)).toBe(!beaten(point));
      });
    }),
  );
});
