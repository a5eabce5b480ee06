// The Markdown of chat clients as elements. Everything becomes text or a checked link, never markup.
'use strict'

function el(name, attributes, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function link(title, url, ...more) {
  const text = String(title || words.open)
  if (!/^(https?|dingtalk):\/\//i.test(String(url))) return document.createTextNode(text)
  const safe = { href: String(url), target: '_blank', rel: 'noopener noreferrer nofollow' }
  return el('a', safe, ...(more.length ? more : [text]))
}

// A picture elsewhere is not fetched: its host would learn who reads what.
function picture(url, alt, kind) {
  const name = String(url || '').replace(/^https?:\/\//i, '').slice(0, 60)
  const box = el('span', { class: `picture ${kind || ''}` }, `🖼 ${alt || words.picture}`, el('small', {}, name))
  return link(alt, url, box)
}

const COLOURS = { info: '#2a8f4d', comment: '#8a8a8a', warning: '#d9822b' }
const INLINE = /!\[([^\]]*)\]\(([^)\s]+)\)|\[([^\]]*)\]\(([^)\s]+)\)|\*\*(.+?)\*\*|~~(.+?)~~|`([^`]+)`|<@([^<>\s]+)>|<font color="?(#?\w+)"?>(.*?)<\/font>|(?<![\w*])\*([^*\s][^*]*)\*(?!\w)/g

function inline(text, has) {
  const parts = []
  let from = 0
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(from, found.index), inner(found, has))
    from = found.index + found[0].length
  }
  return [...parts, text.slice(from)].filter((part) => part !== '')
}

function inner(found, has) {
  const [whole, alt, src, title, url, bold, struck, code, id, colour, coloured, italic] = found
  if (src !== undefined) return has.rich ? picture(src, alt) : whole
  if (url !== undefined) return link(title, url)
  if (bold !== undefined) return el('strong', {}, ...inline(bold, has))
  if (struck !== undefined) return el('s', {}, struck)
  if (code !== undefined) return el('code', {}, code)
  if (id !== undefined) return has.colours ? el('span', { class: 'called' }, '@' + id) : whole
  if (italic !== undefined) return el('em', {}, italic)
  if (!has.colours) return whole
  const node = el('span', {}, ...inline(coloured, has))
  node.style.color = COLOURS[colour] || ''
  return node
}

const cells = (line) => line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim())
const isDashes = (line) => line !== undefined && line.includes('|') && /^[\s|:-]+$/.test(line) && line.includes('-')

function table(lines, has) {
  const side = cells(lines[1]).map((dash) => (/^:-+:$/.test(dash) ? 'center' : /-:$/.test(dash) ? 'right' : 'left'))
  const row = (line, kind) => el('tr', {}, ...cells(line).map((cell, n) => el(kind, { class: side[n] || 'left' }, ...inline(cell, has))))
  return el('table', {}, el('thead', {}, row(lines[0], 'th')), el('tbody', {}, ...lines.slice(2).map((line) => row(line, 'td'))))
}

// DingTalk goes on in the same line unless a line ends in two blanks.
function paragraph(lines, has) {
  const node = el('p', {})
  lines.forEach((line, n) => {
    node.append(...inline(line.trim(), has))
    if (n < lines.length - 1) node.append(has.joins && !/ {2}$/.test(line) ? ' ' : el('br', {}))
  })
  return node
}

const BULLET = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/

function block(lines, at, has) {
  const line = lines[at]
  const run = (test) => { let end = at; while (end < lines.length && test(lines[end], end)) end++; return end }
  const heading = line.match(/^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/)
  if (heading) return [at + 1, el('h' + Math.min(6, heading[1].length + 2), {}, ...inline(heading[2], has))]
  if (/^ {0,3}>/.test(line)) {
    const end = run((one) => /^ {0,3}>/.test(one))
    return [end, el('blockquote', {}, paragraph(lines.slice(at, end).map((one) => one.replace(/^ {0,3}>\s?/, '')), { ...has, joins: false }))]
  }
  if (has.rich && /^\s*(```|~~~)/.test(line)) {
    let end = at + 1
    while (end < lines.length && !/^\s*(```|~~~)/.test(lines[end])) end++
    return [end + 1, el('pre', { class: 'code' }, lines.slice(at + 1, end).join('\n'))]
  }
  if (has.rich && line.includes('|') && isDashes(lines[at + 1])) {
    const end = run((one) => one.includes('|'))
    return [end, table(lines.slice(at, end), has)]
  }
  if (has.rich && /^ {0,3}([-*_])( *\1){2,} *$/.test(line)) return [at + 1, el('hr', {})]
  if (has.rich && BULLET.test(line)) {
    const end = run((one) => BULLET.test(one))
    const items = lines.slice(at, end).map((one) => one.match(BULLET))
    const kind = /\d/.test(items[0][2]) ? 'ol' : 'ul'
    return [end, el(kind, {}, ...items.map((one) => el('li', {}, ...inline(one[3], has))))]
  }
  let end = at + 1
  while (end < lines.length && lines[end].trim() && !begins(lines, end, has)) end++
  return [end, paragraph(lines.slice(at, end), has)]
}

function begins(lines, at, has) {
  if (/^ {0,3}(#{1,6}\s|>)/.test(lines[at])) return true
  if (!has.rich) return false
  return /^\s*(```|~~~)/.test(lines[at]) || BULLET.test(lines[at]) || /^ {0,3}([-*_])( *\1){2,} *$/.test(lines[at]) ||
    (lines[at].includes('|') && isDashes(lines[at + 1]))
}

// `has`: rich (tables, lists, code, images), colours (fonts and <@id>), joins (DingTalk's lines).
function markdown(text, has) {
  const lines = String(text || '').split('\n')
  const blocks = []
  for (let at = 0; at < lines.length;) {
    if (!lines[at].trim()) { at++; continue }
    const [next, node] = block(lines, at, has)
    blocks.push(node)
    at = next
  }
  return blocks
}
