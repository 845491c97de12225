export { DIMENSIONS, type Dimension, type DimensionInfo } from './dimensions.ts';
export * from './errors.ts';
export { formatQuantity } from './formatQuantity.ts';
export { nearestName } from './nearest.ts';
export { formatPath, getPath, isMap, type Path } from './path.ts';
export { dataSource, type QuantityOptions, type QuantitySchema, quantity, validate } from './schema.ts';
export { describeDimension, parseQuantity } from './units.ts';
export { parseYaml, type YamlOptions, type YamlSource } from './yaml.ts';
