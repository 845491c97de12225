/** What an importer is told beside the text. */
export interface ImportOptions {
  /** Name of the text in messages. */
  readonly file: string;
  /** Id of what is imported; by default taken from the text or the file's name. */
  readonly id?: string;
}

/** What an importer gives: the text of a file of ours. */
export interface Imported {
  /** What the text describes, such as `model`. */
  readonly kind: string;
  readonly text: string;
}

/** Turns a file of another tool into one of ours. */
export interface Importer {
  /** The name on the command line; the file of the importer has the same. */
  readonly format: string;
  /** One line for `list`. */
  readonly description: string;
  /** @throws InputError at the place of what is missing or not known. */
  convert(text: string, options: ImportOptions): Imported;
}
