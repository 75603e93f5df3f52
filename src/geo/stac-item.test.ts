import { describe, expect, it } from 'vitest';
import { PLACES } from './places.fixture.ts';
import { type Acquired, MEDIA_TYPES, stacItem } from './stac-item.ts';

const created = new Date('2026-11-24T10:00:00Z');
const item = (acquired: Acquired, place = PLACES['UTM, north up']!) =>
  stacItem({
    id: 'scene',
    place,
    acquired,
    created,
    properties: { 'zeroov:expression': 'the white ship' },
    assets: { mask: { href: './mask.tif', type: MEDIA_TYPES.cog, title: 'mask', roles: ['data'] } },
  });

describe('stacItem', () => {
  it('has the fields that STAC 1.1 asks for, with proj:code and proj:epsg', () => {
    const { properties, ...rest } = item(created);
    expect(Object.keys(rest)).toEqual([
      'type',
      'stac_version',
      'stac_extensions',
      'id',
      'geometry',
      'bbox',
      'links',
      'assets',
    ]);
    expect(properties).toEqual({
      'zeroov:expression': 'the white ship',
      datetime: '2026-11-24T10:00:00.000Z',
      created: '2026-11-24T10:00:00.000Z',
      'proj:code': 'EPSG:32617',
      'proj:epsg': 32617,
      'proj:shape': [14, 14],
      'proj:transform': [10, 0, 404211.9, 0, -10, 3285142.9, 0, 0, 1],
    });
  });

  it('has no moment for a picture of unknown time, but the interval in which it lies', () => {
    const { properties } = item('unknown');
    expect(properties).toMatchObject({
      datetime: null,
      start_datetime: '1858-01-01T00:00:00.000Z',
      end_datetime: '2026-11-24T10:00:00.000Z',
    });
  });

  it('takes an interval as it is', () => {
    const { properties } = item({ from: new Date(0), to: created });
    expect(properties).toMatchObject({
      datetime: null,
      start_datetime: '1970-01-01T00:00:00.000Z',
    });
  });

  it('outlines a scene across the antimeridian in two parts', () => {
    const { geometry, bbox } = item(created, PLACES['degrees across the antimeridian']);
    expect(geometry.type).toBe('MultiPolygon');
    expect(bbox).toEqual([176, -23, -177, -16]);
  });
});
