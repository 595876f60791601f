import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Roles } from '../access/access.decorator.js';
import { API_PREFIX } from '../contract.js';
import { SnapshotStream } from './snapshot-stream.js';

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  // nginx would otherwise hold events back until its buffer is full.
  'x-accel-buffering': 'no',
};

/** Each new snapshot as it is taken and each event as it happens, as Server-Sent Events; written to the socket itself, past compression. */
@ApiTags('metrics')
@Controller(`${API_PREFIX}/metrics/stream`)
export class StreamController {
  constructor(private readonly stream: SnapshotStream) {}

  /** `event: snapshot`, `id:` the sample's time in ms; `Last-Event-ID` replays what came after it. `event: event` has no id. */
  @Get()
  @Roles('admin')
  @ApiOperation({ summary: 'Each new sample as it is taken, and each event as it happens' })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Replays what came after this sample',
  })
  @ApiOkResponse({
    description:
      '`snapshot`: `id` is the time of the sample in ms, `data` a Snapshot. `event`: without an id, `data` an Event; what was missed is in /events',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  open(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const lastEventId = request.headers['last-event-id'];
    reply.hijack();
    // The headers set so far are those of the hooks: security and CORS.
    reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...HEADERS });
    // Else whoever asks for the headers alone would wait for ever.
    if (request.method === 'HEAD') {
      reply.raw.end();
      return;
    }
    const isId = typeof lastEventId === 'string' && /^\d+$/.test(lastEventId);
    this.stream.add(reply.raw, isId ? Number(lastEventId) : null);
  }
}
