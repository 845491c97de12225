import { type StepContext, type StepHeap, StepPlayer } from './player.ts';

/** A request for memory: from its allocation to its release, in events of the step. */
export interface StepRequest {
  readonly bytes: number;
  readonly from: number;
  to: number;
  /** The span it begins and ends in, or -1. */
  span: number;
}

/** Forward or backward of one body. Spans of equal names do the same work. */
export interface StepSpan {
  readonly name: string;
  readonly from: number;
  to: number;
}

export interface StepRequests {
  readonly requests: readonly StepRequest[];
  readonly spans: readonly StepSpan[];
  /** Bytes of what is never released: weights, optimizer state and gradients that stay. */
  readonly lasting_bytes: number;
}

/** Requests of one step of a stage, as a framework would make them, from an allocator without a limit. */
export function stepRequests(context: StepContext, stage: number): StepRequests {
  const recorder = new Recorder();
  new StepPlayer(context, stage, recorder).play(1);
  return recorder.finish();
}

class Recorder implements StepHeap<StepRequest> {
  private readonly requests: StepRequest[] = [];
  private readonly spans: StepSpan[] = [];
  private span = -1;
  private time = 0;

  allocate(bytes: number): StepRequest {
    const request = { bytes, from: this.time++, to: Number.POSITIVE_INFINITY, span: this.span };
    this.requests.push(request);
    return request;
  }

  free(request: StepRequest): void {
    request.to = this.time++;
    if (request.span !== this.span) request.span = -1;
  }

  enter(name: string): void {
    this.span = this.spans.length;
    this.spans.push({ name, from: this.time++, to: Number.POSITIVE_INFINITY });
  }

  leave(): void {
    this.spans[this.span]!.to = this.time++;
    this.span = -1;
  }

  finish(): StepRequests {
    const lasting = this.requests.filter(({ to }) => to === Number.POSITIVE_INFINITY);
    return {
      requests: this.requests.filter(({ to, bytes }) => to !== Number.POSITIVE_INFINITY && bytes > 0),
      spans: this.spans,
      lasting_bytes: lasting.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }
}
