/** What an importer is told beside the text. */
export interface ImportOptions {
  /** Name of the text in messages. */
  readonly file: string;
  /** Id of what is imported; by default taken from the text or the file's name. */
  readonly id?: string;
  /** Values of dimensions that the file leaves open. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** What an importer gives: the text of a file of ours. */
export interface Imported {
  /** What the text describes, such as `model`. */
  readonly kind: string;
  readonly text: string;
  /** What else the file says, a line each. */
  readonly notes?: readonly string[];
}

/** Turns a binary file of another tool into one of ours. */
export interface BinaryImporter {
  readonly format: string;
  readonly description: string;
  /** @throws InputError where the bytes are not of the format, or leave a dimension open. */
  convertBytes(bytes: Uint8Array, options: ImportOptions): Imported;
}

/** Turns a text of another tool into one of ours. */
export interface TextImporter {
  /** The name on the command line; the file of the importer has the same. */
  readonly format: string;
  /** One line for `list`. */
  readonly description: string;
  /** @throws InputError at the place of what is missing or not known. */
  convert(text: string, options: ImportOptions): Imported;
}

export type Importer = TextImporter | BinaryImporter;
