import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { type AlertMessage } from '../alert-message.js';
import { cut } from './message-text.js';
import { receiverKind, webhookRequest } from './webhook-format.js';

const message: AlertMessage = {
  id: 'c0ffee',
  server: 'My world',
  rule: 'memory',
  status: 'firing',
  level: 'warning',
  what: 'Memory is near its limit',
  text: 'It has been above 90 % of what its cgroup allows for 2 min.',
  measure: { value: 15_000.04, threshold: 14_745.6, unit: 'MB' },
  since: '2026-11-25T03:12:44.123Z',
  timestamp: '2026-11-25T03:14:44.123Z',
  count: 1,
  link: 'https://vs.example.org/',
};
/** As bad as it gets: too long everywhere, with markup, a mention, line breaks, and characters of two units. */
const hostile: AlertMessage = {
  ...message,
  server: `@everyone *<!channel>* [x](http://y) ${'🐑'.repeat(3000)}`,
  what: `down\r\nX-Injected: 1 ${'é'.repeat(5000)}`,
  text: `${'&<>`_|'.repeat(2000)}\n${'🐑'.repeat(5000)}`,
  link: `https://vs.example.org/größe`,
  count: 10,
};
const over: AlertMessage = { ...message, status: 'resolved' };
const test: AlertMessage = {
  ...message,
  rule: 'test',
  status: 'test',
  level: 'info',
  measure: null,
  link: null,
  text: '',
};
const ALL = { message, hostile, over, test, reminder: { ...message, status: 'reminder' as const } };
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

describe('receiverKind', () => {
  it.each([
    ['https://discord.com/api/webhooks/123456789/abc-DEF_1', 'discord'],
    ['https://canary.discord.com/api/v10/webhooks/123456789/abc-DEF_1?wait=true&thread_id=4', 'discord'],
    ['https://discord-proxy.example.org/api/webhooks/1/a', 'discord'],
    ['https://discord.com/api/webhooks/123456789/abc-DEF_1/slack', 'slack'],
    ['https://hooks.slack.com/services/T000/B000/XXXX', 'slack'],
    ['https://hooks.slack.com/workflows/T000/A000/1/x', 'slack'],
    ['https://ntfy.sh/my-world_1', 'ntfy'],
    ['https://user:pass@ntfy.example.org/topic', 'ntfy'],
    ['https://ntfy.example.org/', 'json'],
    ['https://notify.example.org/topic', 'json'],
    ['https://discord.com.example.org/', 'json'],
    ['http://127.0.0.1:9000/', 'json'],
  ])('%s: %s', (address, kind) => {
    expect(receiverKind(new URL(address))).toBe(kind);
  });
});

describe.each(Object.entries(ALL))('the form of %s', (_name, each) => {
  it('is within the limits of Discord', () => {
    const limited = (max: number) =>
      z
        .string()
        .min(1)
        .max(max)
        .refine((text) => !LONE_SURROGATE.test(text));
    const embed = z.strictObject({
      title: limited(256),
      description: limited(4096).optional(),
      color: z.int().min(0).max(0xff_ff_ff),
      timestamp: z.iso.datetime(),
      fields: z
        .array(z.strictObject({ name: limited(256), value: limited(1024), inline: z.boolean() }))
        .max(25),
      url: z.url().optional(),
    });
    const { headers, body } = webhookRequest('discord', each);
    expect(headers).toEqual({ 'content-type': 'application/json' });
    const { embeds } = z
      .strictObject({
        content: limited(2000),
        embeds: z.array(embed).length(1),
        allowed_mentions: z.strictObject({ parse: z.array(z.never()) }),
      })
      .parse(JSON.parse(body));
    const length = embeds
      .flatMap(({ title, description, fields }) => [
        title,
        description ?? '',
        ...fields.flatMap((f) => [f.name, f.value]),
      ])
      .reduce((sum, text) => sum + text.length, 0);
    expect(length).toBeLessThanOrEqual(6000);
  });

  it('is within the limits of Slack, and has no markup of ours or of others', () => {
    const { body } = webhookRequest('slack', each);
    const { text, attachments } = JSON.parse(body) as { text: string; attachments: { text: string }[] };
    for (const shown of [text, ...attachments.map((attachment) => attachment.text)]) {
      expect(shown.length).toBeLessThanOrEqual(40_000);
      expect(shown).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      expect(shown).not.toMatch(LONE_SURROGATE);
    }
  });

  it('is within the limits of ntfy, with headers that can be sent', () => {
    const { headers, body } = webhookRequest('ntfy', each);
    expect(Buffer.byteLength(body)).toBeGreaterThan(0);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
    for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$/);
    for (const word of headers.title?.match(/=\?[^?]*\?B\?[^?]*\?=/g) ?? [])
      expect(word.length).toBeLessThanOrEqual(75);
    expect(['1', '2', '3', '4', '5']).toContain(headers.priority);
    expect(headers.tags).toMatch(/^[a-z_]+$/);
  });

  it('is JSON of the documented shape for any other receiver', () => {
    z.strictObject({
      version: z.literal(1),
      id: z.string(),
      server: z.string(),
      rule: z.string(),
      status: z.enum(['firing', 'reminder', 'resolved', 'test']),
      level: z.enum(['info', 'warning', 'error']),
      what: z.string(),
      text: z.string(),
      value: z.number().nullable(),
      threshold: z.number().nullable(),
      unit: z.enum(['MB', 'ms', '%', 's']).nullable(),
      since: z.iso.datetime(),
      timestamp: z.iso.datetime(),
      count: z.int().min(1),
      link: z.string().nullable(),
    }).parse(JSON.parse(webhookRequest('json', each).body));
  });
});

describe('what a message says', () => {
  const discord = (each: AlertMessage) =>
    JSON.parse(webhookRequest('discord', each).body) as {
      content: string;
      embeds: [{ fields: { value: string }[] }];
    };

  it('in Discord: whose, what, value, threshold, and since when in the reader’s own time', () => {
    const { content, embeds } = discord(message);
    expect(content).toBe('My world: Memory is near its limit');
    expect(embeds[0].fields.map(({ value }) => value)).toEqual([
      '15000 MB',
      '14745.6 MB',
      '<t:1795576364:f> (<t:1795576364:R>)',
    ]);
  });

  it('in Discord: a name is shown as it is written, and calls nobody', () => {
    const { content } = discord({ ...message, server: '*x* <@&1> [a](b) `c` ~_|#' });
    expect(content).toBe('\\*x\\* \\<@&1\\> \\[a\\](b) \\`c\\` \\~\\_\\|\\#: Memory is near its limit');
  });

  it.each([
    ['a🐑b', 4, 'a🐑b'],
    ['a🐑bc', 4, 'a🐑…'],
    ['a🐑bc', 3, 'a…'],
  ])('%j in %d characters is %j', (text, length, shown) => {
    expect(cut(text, length)).toBe(shown);
  });

  it('says that it is over, and how often it happened', () => {
    expect(discord(over).content).toBe('My world: Resolved: Memory is near its limit');
    expect(discord({ ...message, count: 10 }).embeds[0].fields[2]?.value).toBe('10');
  });

  it('in ntfy: louder the worse it is, quiet when it is over', () => {
    const { headers, body } = webhookRequest('ntfy', message);
    expect(headers).toMatchObject({
      title: 'My world: Memory is near its limit',
      priority: '4',
      tags: 'warning',
      click: 'https://vs.example.org/',
    });
    expect(body).toBe(`${message.text}\nValue: 15000 MB\nThreshold: 14745.6 MB\nSince: 2026-11-25 03:12 UTC`);
    expect(webhookRequest('ntfy', { ...message, level: 'error' }).headers).toMatchObject({ priority: '5' });
    expect(webhookRequest('ntfy', over).headers).toMatchObject({ priority: '3', tags: 'white_check_mark' });
  });

  it('in ntfy: a title in any script, in words of RFC 2047', () => {
    const server = `Мир Müller ${'🐑'.repeat(30)}`;
    const { title = '' } = webhookRequest('ntfy', { ...message, server }).headers;
    const decoded = title
      .split(' ')
      .map((word) => Buffer.from(/^=\?UTF-8\?B\?(.*)\?=$/.exec(word)?.[1] ?? '', 'base64').toString())
      .join('');
    expect(decoded).toBe(`${server}: Memory is near its limit`);
  });
});
