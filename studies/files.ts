export { packageFolder, packageVersion } from '../input/packageFiles.ts';
