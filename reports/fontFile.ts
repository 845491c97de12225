import { join } from 'node:path';
import { packageFolder } from '../input/packageFiles.ts';

/** Liberation Sans (SIL Open Font License 1.1, fonts/OFL.txt): the only font that PNG and PDF use, so that they are the same everywhere. */
export const fontFile = (): string => join(packageFolder(), 'reports/fonts/LiberationSans-Regular.ttf');
