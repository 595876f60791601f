import { describe, expect, it } from '@jest/globals';
import { EventParser } from './event-parser.js';

const TEXT = ': hello\n\nevent: snapshot\nid: 12\ndata: {"a":"b: c"}\n\n: keep-alive\n\ndata: x\n\n';
const EVENTS = [
  { type: 'snapshot', id: '12', data: '{"a":"b: c"}' },
  { type: 'message', id: null, data: 'x' },
];

describe('the parser of an event stream', () => {
  it('leaves comments out', () => {
    expect(new EventParser().push(TEXT)).toEqual(EVENTS);
  });

  it('gives the same however the text is cut', () => {
    for (let cut = 0; cut <= TEXT.length; cut++) {
      const parser = new EventParser();
      expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))]).toEqual(EVENTS);
    }
  });
});
