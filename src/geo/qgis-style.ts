/** Outline and fill of regions in QGIS, red green blue and opacity 0..255. */
const OUTLINE = '255,45,120,255';
const FILL = '255,45,120,70';

/**
 * A QGIS style (QML) for regions: the colour of the product's own overlays, and the score as a label. Symbol properties are
 * written as `prop`, which every QGIS 3 reads.
 */
export function regionStyle(): string {
  const properties = {
    color: FILL,
    outline_color: OUTLINE,
    outline_style: 'solid',
    outline_width: '0.5',
    outline_width_unit: 'MM',
    style: 'solid',
  };
  const props = Object.entries(properties).map(([k, v]) => `<prop k="${k}" v="${v}"/>`);
  return [
    `<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>`,
    '<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">',
    '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">',
    '<symbols><symbol type="fill" name="0" alpha="1" clip_to_extent="1" force_rhr="0">',
    `<layer class="SimpleFill" enabled="1" pass="0" locked="0">${props.join('')}</layer>`,
    '</symbol></symbols></renderer-v2>',
    '<labeling type="simple"><settings>',
    `<text-style fieldName="round(&quot;score&quot;, 2)" isExpression="1" fontSize="9" textColor="40,40,40,255">`,
    '<text-buffer bufferDraw="1" bufferSize="1" bufferColor="255,255,255,255"/></text-style>',
    '<placement placement="1"/><rendering drawLabels="1"/>',
    '</settings></labeling>',
    '</qgis>',
  ].join('\n');
}
