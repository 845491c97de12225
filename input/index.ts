/** The public face of `input/` for code that also runs in a browser; `files.ts` and `jsonSchema.ts` are apart. */
export {
  type Assignment,
  applyAssignments,
  parseAssignment,
  parseVariation,
  type SetOptions,
  setPath,
} from './assign.ts';
export {
  type CsvOptions,
  CsvReader,
  CsvRow,
  type CsvValue,
  type NumberLimits,
  readCsv,
  streamCsv,
  writeCsv,
} from './csv.ts';
export { DIMENSIONS, type Dimension, type DimensionInfo } from './dimensions.ts';
export {
  describeValue,
  formatInputError,
  formatIssue,
  formatPlace,
  type InputCode,
  InputError,
  type InputIssue,
  oneOf,
  type Place,
  quote,
  unknownName,
} from './errors.ts';
export { formatQuantity } from './formatQuantity.ts';
export { nearestName } from './nearest.ts';
export { parsePath } from './parsePath.ts';
export { formatPath, getPath, isMap, type Path } from './path.ts';
export { dataSource, type QuantityOptions, type QuantitySchema, quantity, validate } from './schema.ts';
export { describeDimension, parseQuantity } from './units.ts';
export { parseYaml, type YamlOptions, type YamlSource } from './yaml.ts';
