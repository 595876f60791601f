import { Injectable } from '@nestjs/common';
import { MetricsService, type MetricsSnapshot } from '../../metrics/index.js';
import { snapshotJson } from './snapshot-json.js';
import { okJson } from './success.js';

/** Bodies of answers with samples from memory, put together from each snapshot's JSON, which is made once. */
@Injectable()
export class MemoryHistory {
  private whole: Buffer | null = null;

  constructor(private readonly metrics: MetricsService) {
    metrics.snapshots$.subscribe(() => {
      this.whole = null;
    });
  }

  /** Samples of the last `minutes`. */
  last(minutes: number): Buffer {
    return body(this.metrics.history(minutes));
  }

  /** All samples in memory; made once for all who ask between two samples. */
  all(): Buffer {
    return (this.whole ??= body(this.metrics.history()));
  }
}

function body(snapshots: readonly MetricsSnapshot[]): Buffer {
  const list = snapshots.map(snapshotJson).join(',');
  return okJson(`{"metrics":[${list}],"count":${snapshots.length}}`);
}
