/**
 * Memory that takes writes before they are programmed. It holds whole pages, first come first served; a write larger than
 * all of it waits until it is empty.
 */
export class WriteBuffer {
  private readonly room: number;
  private readonly onTaken: (request: number) => void;
  private held = 0;
  private readonly waiting: { readonly request: number; readonly bytes: number }[] = [];

  /** @param onTaken called when the buffer has a write. */
  constructor(bytes: number, onTaken: (request: number) => void) {
    this.room = bytes;
    this.onTaken = onTaken;
  }

  put(request: number, bytes: number): void {
    if (this.waiting.length > 0 || !this.takes(request, bytes)) this.waiting.push({ request, bytes });
  }

  /** A page has been programmed. */
  drain(bytes: number): void {
    this.held -= bytes;
    while (this.waiting.length > 0 && this.takes(this.waiting[0]!.request, this.waiting[0]!.bytes)) {
      this.waiting.shift();
    }
  }

  private takes(request: number, bytes: number): boolean {
    if (this.held > 0 && this.held + bytes > this.room) return false;
    this.held += bytes;
    this.onTaken(request);
    return true;
  }
}
