import type { JsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import type { QuantityAction } from './schema.ts';

export type { JsonSchema } from '@valibot/to-json-schema';

/**
 * The draft-07 JSON Schema of what a schema accepts, for editors. Quantities are a number or text; checks that JSON
 * Schema cannot say are left out, since the validators judge. The converter is loaded when first called: it is a tool
 * of development.
 */
export async function toJsonSchema(
  schema: GenericSchema,
  options: { readonly id: string; readonly title: string },
): Promise<JsonSchema> {
  const converter = await import('@valibot/to-json-schema');
  const { $schema, ...body } = converter.toJsonSchema(schema, {
    target: 'draft-07',
    overrideAction: ({ valibotAction, jsonSchema, errors }) => {
      const action: { readonly type: string } = valibotAction;
      if (action.type === 'quantity') return quantityJson(jsonSchema, action as QuantityAction);
      return errors ? jsonSchema : undefined;
    },
    // A record whose keys are a picklist is converted all the same; only the converter's complaint is dropped.
    overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema.type === 'record' ? jsonSchema : undefined),
  });
  return {
    $schema: $schema ?? 'http://json-schema.org/draft-07/schema#',
    $id: options.id,
    title: options.title,
    ...body,
  };
}

function quantityJson(json: JsonSchema, { limits, dimension }: QuantityAction): JsonSchema {
  const { min, exclusiveMin, max } = limits;
  const number: JsonSchema = {
    type: dimension === 'count' ? 'integer' : 'number',
    ...(exclusiveMin === undefined ? { minimum: min ?? 0 } : { exclusiveMinimum: exclusiveMin }),
    ...(max === undefined ? {} : { maximum: max }),
  };
  return { ...json, anyOf: [number, { type: 'string' }] };
}
