//! Which bytes are new: discovery, watching, cursors, whole lines. What a line means is not known here.
